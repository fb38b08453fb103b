"""A service's serving containers, and the notice on its site while they are stopped."""

import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from . import docker
from .failure import Failure
from .gateway import VOLUME, Gateway, site_file
from .retire import ELECTRIC, PART, SERVICE, STACK

MAINTENANCE = f"{VOLUME}/maintenance"
"""While a file here has a service's name, the service's site shows a notice."""
DATABASE_PARTS = ("app", ELECTRIC, "migrate")


@dataclass(frozen=True, kw_only=True)
class Serving:
    """One service of a stack, and its gateway."""

    stack: str
    service: str
    gateway: Gateway
    grace_s: int

    def serving_containers(self, part: str) -> list[str]:
        """Returns the containers of a part that the gateway uses. A failed release may have left a newer one."""
        text = docker.execute(self.gateway.container, ["cat", f"{VOLUME}/{site_file(self.service)}"])
        if text.code:
            raise Failure(f"{self.service}: the gateway's file cannot be read; run up again")
        return [name for name in self._names(part) if re.search(rf"(?m)^\s*server {re.escape(name)}:", text.out)]

    def running_containers(self, part: str) -> list[str]:
        """Returns the running containers of a part, the newest first."""
        return self._names(part, running=True)

    def database_users(self) -> list[str]:
        """Returns all running containers of the service that may write to its database."""
        return [name for part in DATABASE_PARTS for name in self._names(part, running=True)]

    def show_notice(self) -> bool:
        """Shows the notice on the site, and returns whether that succeeded."""
        commands = ["mkdir", "-p", MAINTENANCE], ["touch", self._notice]
        return not any(docker.execute(self.gateway.container, command).code for command in commands)

    def remove_notice(self) -> bool:
        """Removes the notice from the site, and returns whether that succeeded."""
        return docker.execute(self.gateway.container, ["rm", "-f", self._notice]).code == 0

    def stop(self) -> bool:
        """Stops all containers that use the database, serving or not, and returns whether none is left."""
        users, electric = self.database_users(), self._names(ELECTRIC)
        with ThreadPoolExecutor() as pool:
            # A stopped Electric would wait for its clients' long polls, so it is killed.
            pool.submit(docker.kill, [name for name in users if name in electric])
            pool.submit(docker.stop, [name for name in users if name not in electric], self.grace_s)
        return not self.database_users()

    @property
    def _notice(self) -> str:
        return f"{MAINTENANCE}/{self.service}"

    def _names(self, part: str, *, running: bool = False) -> list[str]:
        return docker.list_containers({STACK: self.stack, SERVICE: self.service, PART: part}, running=running)
