"""The gateway: nginx's container, and its files on the volume that it shares with certbot."""

import re
from dataclasses import dataclass

from . import docker, files
from .mask import Mask

VOLUME = "/srv/nginx"
ELECTRICS_SECRET = re.compile(r'secret=([^" ]+)')


@dataclass(frozen=True)
class Gateway:
    """nginx, by the name of its container."""

    container: str

    def script(self, name: str, *words: str, stdin: str | None = None) -> docker.Output:
        """Runs host/shell/<name>.sh in the container, with the volume as its first argument."""
        return docker.execute(self.container, ["bash", "-c", files.shell(name), name, VOLUME, *words], stdin=stdin)

    def refusal(self, target: str, text: str) -> str:
        """What nginx has to say against `text` as the file `target`; nothing where it accepts it. Changes nothing."""
        done = self.script("try", target, stdin=text)
        return _masked(done) if done.code else ""


def site(service: str) -> str:
    """A service's file among the gateway's."""
    return f"sites/{service}.conf"


def _masked(done: docker.Output) -> str:
    """What a script has printed. nginx quotes the line that it refuses, which may have a secret of any service."""
    words = (done.out + done.error).strip()
    return Mask(ELECTRICS_SECRET.findall(words))(words)
