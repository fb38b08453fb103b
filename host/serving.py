"""A service's containers by what they do, and the notice on its site while they are stopped."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from . import docker
from .failure import Failure
from .gateway import VOLUME, Gateway, site
from .retire import SERVICE, STACK

PART = "sertantai.part"
ELECTRIC_GRACE_S = 10
MAINTENANCE = f"{VOLUME}/maintenance"
"""A service whose name is a file here shows that it is back soon."""
USE_THE_DATABASE = ("app", "electric", "migrate")


@dataclass(frozen=True, kw_only=True)
class Serving:
    """One service of a stack, and the gateway that leads to it."""

    stack: str
    service: str
    gateway: Gateway
    grace_s: int

    def of(self, part: str) -> list[str]:
        """The containers of a part that the gateway leads to. One that a failed release has left may be newer."""
        text = docker.execute(self.gateway.container, ["cat", f"{VOLUME}/{site(self.service)}"])
        if text.code:
            raise Failure(f"{self.service}: the gateway does not say which containers serve; run up again")
        return [name for name in self._names(part) if re.search(rf"(?m)^\s*server {re.escape(name)}:", text.out)]

    def using(self) -> list[str]:
        """Every running container of the service that may write to its database."""
        return [name for part in USE_THE_DATABASE for name in self._names(part, running=True)]

    def announce(self) -> bool:
        """Puts the notice on the site; whether that went well."""
        commands = ["mkdir", "-p", MAINTENANCE], ["touch", self._notice]
        return not any(docker.execute(self.gateway.container, command).code for command in commands)

    def take_back(self) -> bool:
        """Takes the notice off the site; whether that went well."""
        return docker.execute(self.gateway.container, ["rm", "-f", self._notice]).code == 0

    def stop(self) -> bool:
        """Stops all that use the database, also those that do not serve; whether none is left."""
        using, electric = self.using(), self._names("electric")
        with ThreadPoolExecutor() as pool:
            # Electric would wait for its clients' long polls, which nobody answers any more.
            pool.submit(docker.stop, [name for name in using if name in electric], ELECTRIC_GRACE_S)
            pool.submit(docker.stop, [name for name in using if name not in electric], self.grace_s)
        return not self.using()

    @property
    def _notice(self) -> str:
        return f"{MAINTENANCE}/{self.service}"

    def _names(self, part: str, *, running: bool = False) -> list[str]:
        return docker.names({STACK: self.stack, SERVICE: self.service, PART: part}, running=running)
