"""Which network of a foreign container nginx joins, and who may use a site."""

import json
from typing import Any

import pytest

from host import connection, docker, users
from host.failure import Failure

OWN = "infra_network"


def endpoint(*aliases: str) -> dict[str, Any]:
    return {"Aliases": [*aliases, "1a2b3c4d5e6f"], "IPAddress": "172.20.0.2"}


class Containers:
    """Docker's descriptions of containers, each by the networks that it has joined."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, api: str = "1.41", **networks: dict[str, Any]) -> None:
        self.networks = networks
        self.api = api
        monkeypatch.setattr(docker, "run", self.run)
        monkeypatch.setattr(docker, "check_output", lambda *words: f"{self.api}\n")

    def run(self, *words: str) -> docker.Output:
        assert words[:2] == ("container", "inspect")
        found = [
            {"Name": f"/{name}", "NetworkSettings": {"Networks": self.networks[name]}}
            for name in words[2:]
            if name in self.networks
        ]
        return docker.Output(0, json.dumps(found), "")

    def read(self) -> connection.Connection:
        return connection.read("nginx", OWN, ["baserow"])["baserow"]


NGINX = {OWN: endpoint("nginx")}


def test_a_container_that_does_not_exist_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Containers(monkeypatch, nginx=NGINX).read().state == "no-container"


@pytest.mark.parametrize("networks", [[], ["bridge"], ["host"], ["none"]])
def test_a_container_in_dockers_own_networks_alone_cannot_be_reached(
    monkeypatch: pytest.MonkeyPatch, networks: list[str]
) -> None:
    containers = Containers(monkeypatch, "1.50", nginx=NGINX, baserow={name: endpoint() for name in networks})
    assert containers.read().state == "no-network"


@pytest.mark.parametrize("networks", [[OWN], [OWN, "zoo"], ["baserow_default", OWN]])
def test_a_container_in_the_platforms_network_needs_no_connection(
    monkeypatch: pytest.MonkeyPatch, networks: list[str]
) -> None:
    containers = Containers(monkeypatch, nginx=NGINX, baserow={name: endpoint() for name in networks})
    assert containers.read().state == "shared"
    assert OWN in containers.read().joined


@pytest.mark.parametrize(
    ("api", "networks", "chosen"),
    [
        ("1.41", ["sites"], "sites"),
        ("1.41", ["baserow_default", "sites", "zoo"], "sites"),
        ("1.47", ["baserow_default"], None),
        ("1.48", ["baserow_default"], "baserow_default"),
        ("1.48", ["baserow_default", "sites"], "sites"),
        ("2.0", ["baserow_default", "bridge"], "baserow_default"),
    ],
)
def test_nginx_never_joins_a_network_that_would_become_its_way_to_the_internet(
    monkeypatch: pytest.MonkeyPatch, api: str, networks: list[str], chosen: str | None
) -> None:
    containers = Containers(monkeypatch, api, nginx=NGINX, baserow={name: endpoint() for name in networks})
    found = containers.read()
    assert found.candidates[:1] == ([chosen] if chosen else [])
    assert found.state.startswith("gone-" if chosen else "no-network")


def test_a_connection_has_the_fingerprint_that_it_was_made_with(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = f"{connection.MARK}gone-1a2b"
    containers = Containers(monkeypatch, nginx=NGINX | {"sites": endpoint(mark)}, baserow={"sites": endpoint()})
    assert containers.read().state == "gone-1a2b"
    containers.networks["nginx"]["sites"]["Aliases"] = None
    assert containers.read().state == "unmarked"


def test_a_lost_connection_has_a_new_fingerprint_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    containers = Containers(monkeypatch, nginx=NGINX, baserow={"sites": endpoint()})
    assert containers.read().state != containers.read().state


def test_sites_in_one_network_have_the_fingerprint_that_one_step_connects_nginx_with(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    containers = Containers(monkeypatch, nginx=NGINX, baserow={"sites": endpoint()}, n8n={"sites": endpoint()})
    sent = {name: found.state for name, found in connection.read("nginx", OWN, ["baserow", "n8n"]).items()}
    containers.networks["nginx"] = NGINX | {"sites": endpoint(f"{connection.MARK}{sent['n8n']}")}
    after = {name: found.state for name, found in connection.read("nginx", OWN, ["baserow", "n8n"]).items()}
    assert after == sent


def test_a_network_that_nginx_joins_later_for_another_site_changes_no_fingerprint(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    containers = Containers(monkeypatch, nginx=NGINX, baserow={"one": endpoint(), "two": endpoint()})
    for network in ("two", "one"):
        before, new = containers.read().state, containers.read().new
        containers.networks["nginx"] = containers.networks["nginx"] | {network: endpoint(f"{connection.MARK}{new}")}
    assert containers.read().joined == ["one", "two"]
    assert containers.read().state == before


def test_a_container_that_starts_during_an_up_is_not_reported_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    mark = f"{connection.MARK}{connection.NO_CONTAINER}"
    containers = Containers(monkeypatch, nginx=NGINX | {"sites": endpoint(mark)}, baserow={"sites": endpoint()})
    assert containers.read().state == connection.UNMARKED


def test_without_nginx_there_is_no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Containers(monkeypatch, baserow={"sites": endpoint()}).read()
    assert found.state.startswith("gone-")
    assert not found.joined


HASH = "$apr1$3q1Q/w5Y$Z0Zb2C1uYd0QvF0Cq3m3D/"


@pytest.mark.parametrize("text", [f"a:{HASH}", f"a:{HASH}\n", f"\n a:{HASH} \r\n\n", f"a:{HASH}\nb.c@d:{HASH}"])
def test_lines_with_a_name_and_a_fast_hash_are_accepted(text: str) -> None:
    lines = users.check("baserow", text).splitlines()
    assert [line.partition(":")[2] for line in lines] == [HASH] * len(lines)


@pytest.mark.parametrize(
    "line",
    ["a:password", "a:", f":{HASH}", f"a b:{HASH}", "a:{PLAIN}password", "a:$2y$12$" + "a" * 53, "a:$6$s$" + "a" * 86,
     "a:$5$rounds=999999999$s$" + "a" * 43, "password", f"a:{HASH}:b", f"a:{HASH}x"],
)  # fmt: skip
def test_a_line_of_another_form_is_refused_and_not_repeated(line: str) -> None:
    with pytest.raises(Failure) as caught:
        users.check("baserow", f"first:{HASH}\n{line}")
    assert str(caught.value).startswith("sites/baserow/auth: line 2 of the config secret baserow_BASIC_AUTH is not ")
    assert "password" not in str(caught.value).partition("`openssl")[0]
    assert HASH not in str(caught.value)
