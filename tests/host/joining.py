"""A gateway, and the networks of other programs that it joins."""

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from host import connection
from render import nginx
from settings import ForeignSite
from tests.render.test_sites import APP, site
from tests.throwaway.box import Boxes, Said, base, docker
from tests.throwaway.calling import call
from tests.throwaway.sites import SERVE, placeholder, put_base, remove, switch
from tests.waiting import eventually

DOMAIN = "foreign.sertantai.com"
TRUSTED = "trusted.sertantai.com"
HEADERS = {"X-Site": "foreign"}


@dataclass
class Land:
    """A gateway with one service in its own network, and networks of other programs."""

    boxes: Boxes
    number: str = field(default_factory=lambda: uuid.uuid4().hex[:6])
    gateway: str = ""

    @property
    def own(self) -> str:
        return f"trial-m-{self.number}"

    @property
    def foreign(self) -> str:
        """A network whose name comes after that of our own."""
        return f"trial-z-{self.number}"

    @property
    def by_hand(self) -> str:
        """Another one, which nobody has joined."""
        return f"trial-y-{self.number}"

    @property
    def earlier(self) -> str:
        """A network that Docker before version 28 would make the gateway's way to the Internet."""
        return f"trial-a-{self.number}"

    @property
    def networks(self) -> list[str]:
        return [self.own, self.foreign, self.by_hand, self.earlier]

    def start(self, name: str, network: str, at: int = 80, alias: str = "") -> str:
        options = ["--network", network, *(["--network-alias", alias] if alias else [])]
        return self.boxes.start(name, f"exec python3 -c '{APP.replace(chr(39), chr(34))}' {at}", options=options)

    def state(self, container: str) -> str:
        return connection.read(self.gateway, self.own, [container])[container].state

    def joined(self) -> set[str]:
        networks: dict[str, Any] = inspected(self.gateway)["NetworkSettings"]["Networks"]
        return set(networks)

    def connect(self, container: str, fingerprint: str = "none") -> Said:
        where = {"gateway": self.gateway, "network": self.own}
        return call("connect", "foreign", container, **where, inputs={"fingerprint": fingerprint})

    def disconnect(self) -> Said:
        return call("disconnect", "foreign", gateway=self.gateway, network=self.own)

    def switch(self, container: str, name: str = "foreign", users: str = "", **changes: Any) -> Said:
        domain = f"{name}.sertantai.com"
        assert placeholder(self.gateway, domain).ok
        settings = ForeignSite(domain=domain, container=container, headers=HEADERS, **changes)
        inputs = {"text": nginx.foreign_site(name, settings, 443), "fingerprint": "none", "domains": [domain]}
        return call("switch", name, gateway=self.gateway, inputs=inputs | {"users": users})

    def ask(self, *options: str, url: str = f"https://{DOMAIN}/") -> tuple[str, str]:
        """Returns status and text of an answer to a client."""
        to = ["--connect-to", "::127.0.0.1:"]
        said = docker("exec", self.gateway, "curl", "-ksi", "-m", "60", *to, *options, url)
        return (said.out.split()[1] if said.ok else f"curl: {said.code}"), said.out

    def address(self, network: str) -> str:
        """Returns the gateway's address in a network."""
        return str(inspected(self.gateway)["NetworkSettings"]["Networks"][network]["IPAddress"])


def inspected(container: str) -> dict[str, Any]:
    [description] = json.loads(docker("container", "inspect", container).out)
    return dict(description)


@pytest.fixture(scope="session")
def land(base_image: str) -> Iterator[Land]:
    land = Land(Boxes(base_image))
    try:
        for network in land.networks:
            assert docker("network", "create", network).ok
        [subnet] = json.loads(docker("network", "inspect", land.own).out)[0]["IPAM"]["Config"]
        prepared = f"until [ -e {nginx.VOLUME}/nginx.conf ]; do sleep 0.05; done"
        options = ["--network", land.own, "-p", "127.0.0.1::443"]
        land.gateway = land.boxes.start("nginx", f"{prepared}\n{SERVE}", options=options)
        assert docker("exec", land.gateway, "mkdir", nginx.VOLUME).ok
        assert put_base(land.gateway, base_image, base(subnet=subnet["Subnet"])).ok
        eventually(lambda: docker("exec", land.gateway, "curl", "-fs", "http://127.0.0.1:8999/").ok)
        land.start("trusted", land.own, 4000, "trusted-app-1a2b3c4")
        assert placeholder(land.gateway, TRUSTED).ok
        assert switch(land.gateway, "trusted", site({"domain": TRUSTED}, "trusted")).ok
        eventually(lambda: land.ask(url=f"https://{TRUSTED}/")[0] == "200")
        yield land
    finally:
        land.boxes.clear()
        for network in land.networks:
            docker("network", "rm", network)


@pytest.fixture
def foreign(land: Land) -> Iterator[str]:
    """A foreign container that serves, with a site and a connection."""
    container = land.start("foreign", land.foreign)
    assert land.connect(container).ok
    switched = land.switch(container)
    assert switched.ok, switched.out
    eventually(lambda: land.ask()[0] == "200")
    yield container
    remove(land.gateway, "foreign")
    land.disconnect()
    docker("rm", "-f", container)
