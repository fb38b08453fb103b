"""A site for a container that the platform did not make, on a real nginx and real networks."""

import json
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from host import connection
from host.failure import Failure
from render import nginx
from settings import ForeignSite
from tests.render.test_sites import APP, answers, site, upgraded
from tests.throwaway.box import Boxes, Said, base, docker
from tests.throwaway.calling import call
from tests.throwaway.sites import SERVE, placeholder, put_base, remove, switch
from tests.throwaway.wire import Wire
from tests.waiting import eventually

pytestmark = pytest.mark.docker
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


@pytest.fixture(scope="module")
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


def test_nginx_joins_the_network_and_the_container_stays_as_it_is(land: Land, foreign: str) -> None:
    before = inspected(foreign)
    assert land.joined() == {land.own, land.foreign}
    assert land.state(foreign) == "none"
    again = land.connect(foreign)
    assert (again.code, again.out) == (0, "")
    after = inspected(foreign)
    for name in ("Id", "State", "RestartCount", "NetworkSettings", "HostConfig"):
        assert after[name] == before[name], name


def test_a_preview_reads_the_connections_with_the_other_fingerprints(land: Land, foreign: str) -> None:
    where = {"network": land.own, "gateway": land.gateway, "postgres": "trial-nobody"}
    said = call("fingerprints", **where, inputs={"containers": [foreign, "trial-nobody"]})
    read = json.loads(said.out)
    assert (read[f"connection/{foreign}"], read["connection/trial-nobody"]) == ("none", "no-container")


def test_the_container_receives_the_sites_own_name(land: Land, foreign: str) -> None:
    status, text = land.ask("-H", "X-Forwarded-Host: evil.example")
    received = json.loads(text.splitlines()[-1])
    assert (status, received["host"], received["x-forwarded-host"]) == ("200", DOMAIN, DOMAIN)
    assert "x-site: foreign" in text


def test_websockets_pass(land: Land, foreign: str) -> None:
    with upgraded(land.gateway, DOMAIN, "/live") as websocket:
        assert answers(websocket)


def test_a_body_over_the_limit_is_refused_with_the_sites_headers(land: Land, foreign: str) -> None:
    assert land.switch(foreign, body_mb=100).ok
    for megabytes, status in ((100, "200"), (101, "413")):
        body = f"head -c {megabytes * 2**20} /dev/zero | curl -ksi -m 300 --connect-to ::127.0.0.1: -X POST "
        body += f"-H 'Content-Length: {megabytes * 2**20}' -H Transfer-Encoding: -T - https://{DOMAIN}/ | tail -n 20"
        answer = docker("exec", land.gateway, "bash", "-c", body).out
        assert f"HTTP/2 {status}" in answer
        assert "x-site: foreign" in answer


def from_foreign(container: str, *options: str) -> str:
    """Returns what a request from the foreign container gets: a status, or curl's exit code."""
    said = docker("exec", container, "curl", "-ks", "-m", "60", "-o", "/dev/null", "-w", "%{http_code}", *options)
    return said.out if said.ok else f"curl: {said.code}"


def test_a_foreign_container_reaches_no_internal_listener(land: Land, foreign: str) -> None:
    nginx_there = land.address(land.foreign)
    trusted = land.start("neighbour", land.own)
    stable = ["-H", "Host: trusted"]
    assert from_foreign(trusted, *stable, f"http://{land.address(land.own)}:4000/") == "200"
    credentials = [[], ["-u", "a:b"], ["-u", ":"], ["-H", "X-Forwarded-For: 127.0.0.1"], ["-H", "X-Real-IP: 127.0.0.1"]]
    for options in credentials:
        assert from_foreign(foreign, *stable, *options, f"http://{nginx_there}:4000/") == "401"
    assert from_foreign(foreign, f"http://{nginx_there}:8999/") == "curl: 7"  # refused
    assert from_foreign(foreign, *stable, f"http://{nginx_there}:80/") == "curl: 52"  # no answer
    # Its own address in our network does not lead there.
    assert from_foreign(foreign, "-m", "3", *stable, f"http://{land.address(land.own)}:4000/").startswith("curl: ")


def test_a_foreign_container_reaches_public_sites(land: Land, foreign: str) -> None:
    to = ["--connect-to", f"::{land.address(land.foreign)}:"]
    assert from_foreign(foreign, *to, f"https://{TRUSTED}/") == "200"


def test_a_replaced_container_is_reached_without_a_step(land: Land, foreign: str) -> None:
    docker("rm", "-f", foreign)
    eventually(lambda: land.ask()[0] == "502")
    assert "x-site: foreign" in land.ask()[1]
    other = land.start("other", land.foreign)  # it takes the old address
    land.start("foreign", land.foreign)
    eventually(lambda: land.ask()[0] == "200")
    assert land.state(foreign) == "none"
    docker("rm", "-f", other)


def test_a_site_whose_container_does_not_exist_answers_502_until_it_is_connected(land: Land) -> None:
    container = f"{land.boxes.stack}-late"
    try:
        assert land.state(container) == connection.NO_CONTAINER
        assert (land.connect(container).code, land.joined()) == (0, {land.own})
        assert land.switch(container).ok
        assert docker("restart", "-t", "5", land.gateway).ok
        eventually(lambda: land.ask(url=f"https://{TRUSTED}/")[0] == "200")
        status, text = land.ask()
        assert (status, "x-site: foreign" in text) == ("502", True)
        land.start("late", land.foreign)
        eventually(lambda: docker("exec", container, "curl", "-s", "http://127.0.0.1/").ok)
        state = land.state(container)
        assert state.startswith("gone-")
        assert land.connect(container, state).ok
        assert land.ask()[0] == "200", "nginx itself may look for its address only later"
        assert land.state(container) == state
        assert (land.connect(container, state).code, land.state(container)) == (0, state)
    finally:
        remove(land.gateway, "foreign")
        land.disconnect()
        docker("rm", "-f", container)


def test_a_site_whose_network_nginx_has_joined_for_another_answers_at_once_too(land: Land, foreign: str) -> None:
    container = f"{land.boxes.stack}-second"
    try:
        assert land.switch(container, "second").ok
        assert docker("restart", "-t", "5", land.gateway).ok
        eventually(lambda: land.ask(url="https://second.sertantai.com/")[0] == "502")
        land.start("second", land.foreign)
        eventually(lambda: docker("exec", container, "curl", "-s", "http://127.0.0.1/").ok)
        assert land.connect(container).ok
        flag = f"/run/unresolved/{container}"
        assert docker("exec", land.gateway, "test", "-e", flag).ok
        assert land.ask(url="https://second.sertantai.com/")[0] == "200"
    finally:
        remove(land.gateway, "second")
        docker("rm", "-f", container)


def test_a_container_in_our_own_network_needs_no_connection(land: Land) -> None:
    container = land.start("inside", land.own)
    assert land.state(container) == connection.SHARED
    assert land.connect(container).ok
    assert land.joined() == {land.own}
    assert land.switch(container, "inside").ok
    eventually(lambda: land.ask(url="https://inside.sertantai.com/")[0] == "200")
    assert remove(land.gateway, "inside").ok


def routes(land: Land) -> str:
    return docker("exec", land.gateway, "cat", "/proc/net/route").out


def test_nginx_keeps_its_way_to_the_internet(land: Land) -> None:
    container, before = land.start("early", land.earlier), routes(land)
    if connection.has_priorities():
        assert land.connect(container).ok
        land.disconnect()
    else:
        assert land.state(container) == connection.NO_NETWORK
        assert (land.connect(container).code, land.joined()) == (0, {land.own})
        with pytest.raises(Failure, match="nginx's answers would leave through the network"):
            connection.connect(land.gateway, land.earlier, "none")
    assert land.joined() == {land.own}
    assert routes(land) == before


def test_a_network_is_left_once_no_site_needs_it(land: Land, foreign: str) -> None:
    other = land.start("other", land.foreign)
    assert land.switch(other, "other").ok
    assert remove(land.gateway, "foreign").ok
    assert (land.disconnect().out, land.joined()) == ("", {land.own, land.foreign})
    assert remove(land.gateway, "other").ok
    assert land.disconnect().out == f"foreign: nginx has left the network {land.foreign}\n"
    assert land.joined() == {land.own}
    assert land.disconnect().ok
    docker("rm", "-f", other)


def test_a_network_stays_while_the_container_of_another_site_does_not_exist(land: Land, foreign: str) -> None:
    other = land.start("other", land.foreign)
    assert land.switch(other, "other").ok
    docker("rm", "-f", other)
    assert remove(land.gateway, "foreign").ok
    assert (land.disconnect().code, land.joined()) == (0, {land.own, land.foreign})
    land.start("other", land.foreign)
    eventually(lambda: land.ask(url="https://other.sertantai.com/")[0] == "200")
    assert remove(land.gateway, "other").ok
    docker("rm", "-f", other)


def test_a_missing_container_of_a_service_keeps_no_network(land: Land, foreign: str) -> None:
    assert land.state("trusted-app-1a2b3c4") == connection.NO_CONTAINER
    assert remove(land.gateway, "foreign").ok
    assert (land.disconnect().code, land.joined()) == (0, {land.own})


def test_a_network_that_an_operator_has_connected_nginx_to_stays(land: Land, foreign: str) -> None:
    assert docker("network", "connect", land.by_hand, land.gateway).ok
    try:
        assert remove(land.gateway, "foreign").ok
        assert land.disconnect().ok
        assert land.joined() == {land.own, land.by_hand}
    finally:
        docker("network", "disconnect", land.by_hand, land.gateway)


def test_a_site_with_another_container_leaves_the_network_of_the_old_one(land: Land, foreign: str) -> None:
    other = land.start("other", land.by_hand)
    assert land.connect(other).ok
    assert land.switch(other).ok
    assert land.disconnect().out == f"foreign: nginx has left the network {land.foreign}\n"
    eventually(lambda: land.ask()[0] == "200")
    docker("rm", "-f", other)


def test_the_last_site_of_all_can_be_removed(land: Land, foreign: str) -> None:
    folder = f"{nginx.VOLUME}/sites"
    assert docker("exec", land.gateway, "mv", folder, f"{folder}-aside").ok
    try:
        assert docker("exec", land.gateway, "mkdir", folder).ok
        left = land.disconnect()
        assert (left.out, land.joined()) == (f"foreign: nginx has left the network {land.foreign}\n", {land.own})
    finally:
        assert docker("exec", land.gateway, "sh", "-c", f"rmdir {folder}; mv {folder}-aside {folder}").ok


def test_without_nginx_there_is_nothing_to_leave(land: Land) -> None:
    assert call("disconnect", "foreign", gateway="trial-nobody", network=land.own).ok


def test_an_nginx_that_does_not_run_is_left_as_it_is(land: Land) -> None:
    stopped = land.boxes.start("stopped", "exit 0")
    eventually(lambda: not land.boxes.running(stopped))
    said = call("disconnect", "foreign", gateway=stopped, network=land.own)
    assert (said.code, said.out) == (0, "")


def hashed(password: str) -> str:
    made = subprocess.run(["openssl", "passwd", "-apr1", password], capture_output=True, text=True, check=True)
    return f"operator:{made.stdout}"


def received(land: Land, *options: str) -> dict[str, str]:
    """Returns what the container receives of a request."""
    return dict(json.loads(land.ask(*options)[1].splitlines()[-1]))


def test_the_container_never_receives_the_password_that_nginx_checks(land: Land, foreign: str) -> None:
    assert received(land, "-u", "its:own")["authorization"].startswith("Basic ")
    assert received(land, "-H", "Authorization: Bearer token")["authorization"] == "Bearer token"
    assert "authorization" not in received(land)
    assert land.switch(foreign, users=hashed("first"), auth="basic").ok
    assert "authorization" not in received(land, "-u", "operator:first")


def users_file(land: Land) -> Said:
    return docker("exec", land.gateway, "stat", "-c", "%a %U", f"{nginx.VOLUME}/users/foreign")


def test_a_site_with_users_asks_for_a_password(land: Land, foreign: str) -> None:
    assert land.switch(foreign, users=hashed("first"), auth="basic").ok
    status, text = land.ask()
    assert (status, 'www-authenticate: Basic realm="foreign"' in text, "x-site: foreign" in text) == ("401", True, True)
    assert land.ask("-u", "operator:first")[0] == "200"
    assert land.ask("-u", "operator:wrong")[0] == land.ask("-u", "nobody:first")[0] == "401"
    assert users_file(land).out == "640 root"
    assert land.switch(foreign, users=hashed("second"), auth="basic").ok
    assert (land.ask("-u", "operator:first")[0], land.ask("-u", "operator:second")[0]) == ("401", "200")
    assert land.switch(foreign).ok
    assert land.ask()[0] == "200"
    assert not users_file(land).ok


def test_users_of_a_removed_site_are_removed(land: Land, foreign: str) -> None:
    assert land.switch(foreign, users=hashed("first"), auth="basic").ok
    assert users_file(land).ok
    assert remove(land.gateway, "foreign").ok
    assert not users_file(land).ok


def test_users_of_another_form_change_nothing(land: Land, foreign: str) -> None:
    refused = land.switch(foreign, users="operator:s3cr3t", auth="basic")
    assert refused.code == 1
    assert refused.out.startswith("sites/foreign/auth: line 1 of the config secret foreign_BASIC_AUTH is not ")
    assert "s3cr3t" not in refused.out
    assert land.ask()[0] == "200"


def test_a_closed_path_and_a_site_with_a_password_are_different_things(land: Land, foreign: str) -> None:
    assert land.switch(foreign, users=hashed("first"), auth="basic", closed=["/metrics"]).ok
    with Wire(land.gateway, DOMAIN) as wire:
        for path, status in (("/metrics", 404), ("/Metrics/x", 404), ("/other", 401)):
            assert wire.ask(f"GET {path} HTTP/1.1\r\nHost: {DOMAIN}\r\n\r\n".encode())[0] == status
