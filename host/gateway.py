"""The gateway: nginx's container, and its files on the volume that it shares with certbot."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from . import docker, files
from .failure import Failure
from .mask import Mask

VOLUME = "/srv/nginx"
HELD = "/run/held"
"""A server whose name is a file here is not asked: requests wait, then they are told to come back."""
LOCK_WAIT_S = 60
RELOAD_WAIT_S = 5
ELECTRICS_SECRET = re.compile(r'secret=([^" ]+)')
REFUSED = 12
REASONS = {
    10: "another change has held the gateway's lock for {wait} s; run up again",
    11: "no text came; run up again",
    REFUSED: "nginx refuses the new text; what served before still serves",
    13: "nginx did not take the new text over; the old one is back. Its log says why: docker logs {container}",
}
"""By the exit codes of host/shell/switch.sh."""


@dataclass(frozen=True)
class Gateway:
    """nginx, by the name of its container. `volume` and `image` are needed where it may not run yet."""

    container: str
    volume: str = ""
    image: str = ""

    def script(self, name: str, *words: str, stdin: str | None = None) -> docker.Output:
        """Runs host/shell/<name>.sh in the container, with the volume as its first argument."""
        arguments = ["-c", files.shell(name), name, VOLUME, *words]
        if self.image and not docker.is_running(self.container):
            once = ["run", "--rm", "-i", "--pull", "never", "--network", "none", "--entrypoint", "bash"]
            return docker.run(*once, "-v", f"{self.volume}:{VOLUME}", self.image, *arguments, stdin=stdin or "")
        return docker.execute(self.container, ["bash", *arguments], stdin=stdin)

    def put_scripts(self, names: Sequence[str]) -> None:
        """Puts host/shell/volume/<name>.sh on the volume, for the entrypoints of nginx's and certbot's containers."""
        words = [word for name in names for word in (name, files.shell(f"volume/{name}"))]
        done = self.script("put_scripts", *words)
        if done.code:
            raise Failure(f"nginx: its scripts cannot be written: {done.error.strip()}; run up again")

    def switch(self, what: str, target: str, text: str, fingerprint: str, domains: Sequence[str] = ()) -> None:
        """Gives the file `target` another text. `domains` are the names that need a certificate for it.

        All files together are tested first, and the old one is back on any error: see host/shell/switch.sh.
        """
        self._change(what, "put", target, fingerprint, *domains, stdin=text)

    def remove(self, what: str, target: str) -> None:
        """Takes the file `target` away, unless another one needs it."""
        self._change(what, "remove", target)

    def turn(self, service: str, electric: str) -> None:
        """Leads the requests for a service's shapes to another Electric. A service without a site yet is fine."""
        self._change(f"{service}/electric", "turn", site(service), f"{service}-electric", electric)

    @contextmanager
    def holding(self, what: str, server: str, limit_s: int) -> Iterator[None]:
        """Lets requests for a server wait for a block, from the moment that the gateway leads to it."""
        flag = f"{HELD}/{server}"
        done = self.script("hold", "hold", flag, str(limit_s))
        if done.code:
            raise Failure(f"{what}: the gateway does not answer: {done.error.strip()}; run up again")
        try:
            yield
        finally:
            self.script("hold", "release", flag)

    def refusal(self, target: str, text: str) -> str:
        """What nginx has to say against `text` as the file `target`; nothing where it accepts it. Changes nothing."""
        done = self.script("try", target, stdin=text)
        return _masked(done) if done.code else ""

    def _change(self, what: str, how: str, target: str, *words: str, stdin: str | None = None) -> None:
        done = self.script("switch", str(LOCK_WAIT_S), str(RELOAD_WAIT_S), how, target, *words, stdin=stdin)
        if not done.code:
            return
        if done.code not in REASONS:
            raise Failure(f"{what}: the gateway cannot be changed: {_masked(done)}; run up again")
        reason = REASONS[done.code].format(wait=LOCK_WAIT_S, container=self.container)
        raise Failure("\n".join([f"{what}: {reason}", *_masked(done).splitlines()]))


def site(service: str) -> str:
    """A service's file among the gateway's."""
    return f"sites/{service}.conf"


def _masked(done: docker.Output) -> str:
    """What a script has printed. nginx quotes the line that it refuses, which may have a secret of any service."""
    words = (done.out + done.error).strip()
    return Mask(ELECTRICS_SECRET.findall(words))(words)
