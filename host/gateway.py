"""The gateway: nginx's container, and its files on the volume that it shares with certbot."""

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from . import docker, files
from .failure import Failure
from .mask import Mask

VOLUME = "/srv/nginx"
HELD_SERVERS = "/run/held"
"""While a file here has a server's name, requests for it wait. After three seconds they get 503 and Retry-After."""
LOCK_WAIT_S, UPSTREAM_WAIT_S = 300, 60
"""Each change of the gateway takes seconds on a busy server, and one `up` may change every site. Requests wait
for an upstream meanwhile, so it has less time."""
RELOAD_WAIT_S = 5
UNRESOLVED_SERVERS = "/run/unresolved"
"""While a file here has a server's name, each request for it has the name resolved. switch.sh writes files here too."""
RESOLVE_S = 40
"""nginx asks again for an address that it has not found only after its resolver_timeout, 30 s."""
ELECTRIC_SECRET = re.compile(r'secret=([^" ]+)')
BUSY, REFUSED = 10, 12
REASONS = {
    BUSY: "another change has held the gateway's lock for {wait} s; run up again",
    11: "the text is missing; run up again",
    REFUSED: "nginx refuses the new text; what served before still serves",
    13: "nginx did not load the new text; the old one is back. Its log says why: docker logs {container}",
}
"""The meanings of the exit codes of host/shell/switch.sh and test.sh."""


@dataclass(frozen=True)
class Gateway:
    """nginx, by the name of its container. `volume` and `image` are needed if it may not run yet."""

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

    def write_scripts(self, names: Sequence[str]) -> None:
        """Writes host/shell/volume/<name>.sh to the volume: the entry points of nginx and certbot run them."""
        words = [word for name in names for word in (name, files.shell(f"volume/{name}"))]
        result = self.script("write_scripts", *words)
        if result.code:
            raise Failure(f"nginx: its scripts cannot be written: {result.error.strip()}; run up again")

    def switch(self, subject: str, target: str, text: str, fingerprint: str, domains: Sequence[str] = ()) -> None:
        """Replaces the text of the file `target`. `domains` are the names that need a certificate for it.

        The candidate configuration is tested first, and the old file is back on any error: see host/shell/switch.sh.
        """
        self._change(subject, "write", target, fingerprint, *domains, stdin=text)

    def write_users(self, site: str, users: str) -> None:
        """Writes who may use a site: lines of NAME:HASH. They are valid at once."""
        result = self.script("write_users", site, stdin=users)
        if result.code:
            raise Failure(f"{site}/site: its users cannot be written: {result.error.strip()}; run up again")

    def remove_users(self, site: str) -> None:
        """Removes the users of a site without `auth`."""
        docker.execute(self.container, ["rm", "-f", f"{VOLUME}/users/{site}"])

    def remove(self, subject: str, target: str) -> None:
        """Removes the file `target`, unless another file needs it."""
        self._change(subject, "remove", target)

    def switch_upstream(self, service: str, electric: str) -> None:
        """Switches a service's Electric upstream to another container. A service without a site is fine."""
        self._change(
            f"{service}/electric",
            "upstream",
            site_file(service),
            f"{service}-electric",
            electric,
            wait_s=UPSTREAM_WAIT_S,
        )

    @contextmanager
    def hold_requests(self, subject: str, server: str, limit_s: int) -> Iterator[None]:
        """Makes requests for a server wait during the block, once it is the upstream."""
        flag = f"{HELD_SERVERS}/{server}"
        self._keep_flag(subject, flag, limit_s)
        try:
            yield
        finally:
            self._release(subject, flag, limit_s)

    def resolve_requests(self, subject: str, server: str) -> None:
        """Makes requests for a server that nginx did not reach before find its address at once."""
        self._keep_flag(subject, f"{UNRESOLVED_SERVERS}/{server}", RESOLVE_S)

    def config_error(self, target: str, text: str) -> str:
        """Tests `text` as the file `target`. Returns nginx's error, or an empty text. Changes nothing."""
        result = self.script("test", str(LOCK_WAIT_S), target, stdin=text)
        if result.code == BUSY:
            return REASONS[BUSY].format(wait=LOCK_WAIT_S)
        return _masked(result) if result.code else ""

    def _release(self, subject: str, flag: str, limit_s: int) -> None:
        for _ in range(docker.TRIES):
            with suppress(docker.NoAnswer):
                if not self.script("hold", "release", flag).code:
                    return
            time.sleep(docker.PAUSE_S)
        print(f"{subject}: the gateway could not be told to go on: requests wait and fail for up to {limit_s} s")

    def _keep_flag(self, subject: str, flag: str, limit_s: int) -> None:
        result = self.script("hold", "hold", flag, str(limit_s))
        if result.code:
            raise Failure(f"{subject}: the gateway does not answer: {result.error.strip()}; run up again")

    def _change(
        self, subject: str, how: str, target: str, *words: str, stdin: str | None = None, wait_s: int | None = None
    ) -> None:
        wait_s = wait_s or LOCK_WAIT_S
        result = self.script("switch", str(wait_s), str(RELOAD_WAIT_S), how, target, *words, stdin=stdin)
        if not result.code:
            return
        if result.code not in REASONS:
            raise Failure(f"{subject}: the gateway cannot be changed: {_masked(result)}; run up again")
        reason = REASONS[result.code].format(wait=wait_s, container=self.container)
        raise Failure("\n".join([f"{subject}: {reason}", *_masked(result).splitlines()]))


def site_file(service: str) -> str:
    """Returns the path of a service's file on the volume."""
    return f"sites/{service}.conf"


def _masked(result: docker.Output) -> str:
    """Returns a script's output without secrets: nginx quotes the refused line, which may contain one."""
    output = (result.out + result.error).strip()
    return Mask(ELECTRIC_SECRET.findall(output))(output)
