"""nginx's connections to the networks of containers that the platform did not make."""

import re
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from . import docker, lock
from .failure import Failure
from .gateway import Gateway

DOCKERS_OWN = ("bridge", "host", "none")
"""Networks in which Docker resolves no names."""
NO_CONTAINER, NO_NETWORK, SHARED, UNMARKED = "no-container", "no-network", "shared", "unmarked"
MARK = "sertantai-fingerprint-"
"""The beginning of an alias of nginx in the network, which stores the connection's fingerprint."""
SERVER = re.compile(r"(?m)^upstream \S+-site \{[^}]*?^\s*server ([\w.-]+):\d+ resolve;")
"""The container of a foreign site, in the site's file."""
PRIORITIES_SINCE = (1, 48)
"""The version of Docker's API, that of Docker 28."""
LOCK_WAIT_S = 60


@dataclass(frozen=True)
class Connection:
    """The networks of a foreign container and of nginx. `network` is the platform's own.

    `state` is a fingerprint, or the reason why there is no connection. `new` is the fingerprint of a new one.
    """

    container: Mapping[str, Any] | None
    gateway: Mapping[str, Any]
    network: str
    new: str

    @property
    def state(self) -> str:
        """Returns the stored fingerprint, a new one if nginx must be connected, or why it cannot or need not be.

        If nginx has joined several of the container's networks, the later ones are there for other sites. The oldest
        fingerprint is the one that the step of this site has recorded.
        """
        if self.container is None:
            return NO_CONTAINER
        if self.network in self.container:
            return SHARED
        if self.joined:
            marks = {_mark(self.gateway[name]) for name in self.joined}
            # The container has started during the `up` that connected nginx.
            marks -= {NO_CONTAINER, NO_NETWORK}
            return min(filter(None, marks), default=UNMARKED)
        return self.new if self.candidates else NO_NETWORK

    @property
    def joined(self) -> list[str]:
        """The networks of the container that nginx has joined."""
        return sorted((self.container or {}).keys() & self.gateway.keys())

    @property
    def candidates(self) -> list[str]:
        """The networks that nginx may join, the best one first.

        Docker before version 28 routes a container's packets to the Internet through its first network by name. Through
        a foreign one, nginx's answers would not reach any client.
        """
        names = sorted(self.container or ())
        later = [name for name in names if name > self.network]
        return later or (names if names and has_priorities() else [])


def read(gateway: str, network: str, containers: Sequence[str]) -> dict[str, Connection]:
    """Returns the connection to each container.

    Containers may share a network, which nginx joins once. So all missing connections have one new fingerprint.
    """
    new = f"gone-{time.time_ns():x}"
    described = docker.inspect_existing([gateway, *containers])
    networks = {each["Name"].removeprefix("/"): _networks(each) for each in described}
    return {name: Connection(networks.get(name), networks.get(gateway, {}), network, new) for name in containers}


def connect(gateway: str, name: str, fingerprint: str) -> None:
    """Connects nginx to a network. Undoes it if nginx's packets would then take another way to the Internet."""
    before = _default_route(gateway)
    priority = ["--gw-priority", "-1"] if has_priorities() else []
    result = docker.run("network", "connect", *priority, "--alias", f"{MARK}{fingerprint}", name, gateway)
    if result.code:
        raise Failure(f"nginx cannot join the network {name}: {result.error.strip()}; run up again")
    if _default_route(gateway) != before:
        disconnect(gateway, name)
        raise Failure(
            f"nginx's answers would leave through the network {name}, so nginx has left it again; let the container "
            "join another network too, then run up again"
        )


def disconnect(gateway: str, name: str) -> None:
    """Disconnects nginx from a network. A missing connection is fine."""
    result = docker.run("network", "disconnect", name, gateway)
    if result.code and name in _networks(docker.inspect(gateway)):
        raise docker.Refused(f"nginx cannot leave the network {name}: {result.error.strip()}; run up again")


def unneeded(gateway: str, network: str) -> list[str]:
    """Returns the networks that nginx has joined for sites and in which no site has its container.

    There are none while the container of a site does not exist: it may be in any of them when it runs again.
    """
    sites = Gateway(gateway).script("read_sites")
    if sites.code:
        raise Failure(f"nginx: its sites cannot be read: {sites.error.strip()}; run up again")
    connections = read(gateway, network, sorted(set(SERVER.findall(sites.out)))).values()
    if any(connection.container is None for connection in connections):
        return []
    needed = {name for connection in connections for name in connection.container or ()}
    joined = _networks(docker.inspect(gateway))
    return sorted(name for name in joined.keys() - needed - {network} if _mark(joined[name]))


@contextmanager
def changing(gateway: str) -> Iterator[None]:
    """Lets one step at a time change nginx's networks."""
    busy = f"nginx: another step has changed its networks for {LOCK_WAIT_S} s; run up again"
    with lock.acquire(f"{gateway}-networks", LOCK_WAIT_S, busy):
        yield


def has_priorities() -> bool:
    """Whether Docker can connect a container to a network that never becomes its way to the Internet."""
    version = docker.check_output("version", "--format", "{{.Client.APIVersion}}").strip()
    return tuple(int(number) for number in version.split(".")) >= PRIORITIES_SINCE


def _networks(description: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the networks of a container in which Docker resolves names, with the container's endpoints."""
    networks = description["NetworkSettings"]["Networks"].items()
    return {name: endpoint for name, endpoint in networks if name not in DOCKERS_OWN}


def _mark(endpoint: Mapping[str, Any]) -> str | None:
    """Returns the fingerprint of nginx's connection to a network. None: no step has made the connection."""
    aliases = endpoint.get("Aliases") or []
    return next((alias.removeprefix(MARK) for alias in aliases if alias.startswith(MARK)), None)


def _default_route(gateway: str) -> Collection[str]:
    """Returns the gateways of nginx's default routes, as the kernel writes them."""
    result = docker.execute(gateway, ["cat", "/proc/net/route"])
    if result.code:
        raise Failure(f"nginx: its routes cannot be read: {result.error.strip()}; run up again")
    routes = [line.split() for line in result.out.splitlines()[1:]]
    return sorted(route[2] for route in routes if int(route[1], 16) == 0)
