"""The network of all containers: created once, never adopted from another stack, and created again if it is missing."""

import argparse
import json
import math
from dataclasses import dataclass, field
from typing import Any

import pytest

from host import network, network_remove
from host.docker import NotFound, Refused
from host.failure import Failure


@dataclass
class Networks:
    """Docker's networks, in place of `docker.check_output`."""

    made: dict[str, dict[str, Any]] = field(default_factory=dict)
    refusals: float = 0
    """How often Docker will say that a container uses the network."""

    def check_output(self, *words: str) -> str:
        match words:
            case ("network", "ls", *_):
                return "".join(f"{name}\n" for name in ["bridge", *self.made])
            case ("network", "inspect", name):
                if name not in self.made:
                    raise NotFound(name)
                return json.dumps([self.made[name]])
            case ("network", "create", *_, name):
                labels = dict(words[at + 1].split("=", 1) for at, word in enumerate(words) if word == "--label")
                self.made[name] = {
                    "Labels": labels,
                    "IPAM": {"Config": [{"Subnet": words[words.index("--subnet") + 1]}]},
                }
                return "id\n"
            case ("ps", *_):
                return ""
            case ("network", "rm", name):
                if self.refusals > 0:
                    self.refusals -= 1
                    raise Refused("network has active endpoints")
                del self.made[name]
                return ""
        raise AssertionError(words)

    def make(self, name: str = "ours", stack: str = "prod", subnet: str = "172.30.0.0/24") -> None:
        """Calls the verb."""
        parser = argparse.ArgumentParser()
        network.add_arguments(parser)
        line = f"{name} --stack {stack} --subnet {subnet} --gateway 172.30.0.1 --ip-range 172.30.0.128/25"
        network.run(parser.parse_args(line.split()), {"fingerprint": network.fingerprint(name)})


@pytest.fixture
def networks(monkeypatch: pytest.MonkeyPatch) -> Networks:
    networks = Networks()
    monkeypatch.setattr("host.docker.check_output", networks.check_output)
    return networks


def test_it_is_created_once_and_keeps_its_fingerprint(networks: Networks) -> None:
    networks.make()
    before = json.dumps(networks.made)
    assert networks.made["ours"]["Labels"]["sertantai.stack"] == "prod"
    networks.make()
    assert json.dumps(networks.made) == before
    assert network.fingerprint("ours") == networks.made["ours"]["Labels"]["sertantai.fingerprint"]


def test_a_missing_network_has_a_different_fingerprint(networks: Networks) -> None:
    """Also on a server that was created again, where nothing else shows that the network is missing."""
    networks.make()
    made_with = network.fingerprint("ours")
    networks.made.clear()
    assert network.fingerprint("ours") != made_with
    networks.make()
    assert network.fingerprint("ours") != made_with


def test_a_network_of_another_stack_is_refused(networks: Networks) -> None:
    networks.make(stack="local")
    with pytest.raises(
        Failure, match=r"^network/name: the network ours already exists and belongs to the stack local: "
    ):
        networks.make()
    networks.made["ours"]["Labels"].clear()
    with pytest.raises(
        Failure, match=r"^network/name: the network ours already exists and belongs to something else: "
    ):
        networks.make()
    network.remove("ours", "prod")
    assert set(networks.made) == {"ours"}
    assert network.fingerprint("ours") == network.NO_FINGERPRINT


def test_another_subnet_needs_another_name(networks: Networks) -> None:
    networks.make()
    with pytest.raises(Failure, match=r"^network/subnet: .* already exists with the subnet 172\.30\.0\.0/24: give"):
        networks.make(subnet="172.31.0.0/24")


def test_it_is_removed_once_and_not_while_containers_use_it(
    networks: Networks, monkeypatch: pytest.MonkeyPatch
) -> None:
    networks.make()
    networks.refusals = math.inf
    monkeypatch.setattr(network, "LEAVE_S", 0.1)
    with pytest.raises(Failure, match=r"^network/name: network has active endpoints: stop the containers"):
        network.remove("ours", "prod")
    networks.refusals = 0
    parser = argparse.ArgumentParser()
    network_remove.add_arguments(parser)
    for _ in range(2):
        network_remove.run(parser.parse_args(["ours", "--stack", "prod"]), {})
    assert networks.made == {}


def test_a_container_that_has_just_gone_may_hold_the_network_for_a_moment(networks: Networks) -> None:
    networks.make()
    networks.refusals = 1
    network.remove("ours", "prod")
    assert networks.made == {}
