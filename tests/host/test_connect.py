"""The networks that nginx joins for a container that the platform did not make, and leaves again."""

import json

import pytest

from host import connection
from host.failure import Failure
from render import nginx
from tests.throwaway.box import docker
from tests.throwaway.calling import call
from tests.throwaway.sites import remove
from tests.waiting import eventually

from .joining import TRUSTED, Land, inspected

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("land")]


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
    said = call("fingerprints", "trial", **where, inputs={"containers": [foreign, "trial-nobody"]})
    read = json.loads(said.out)
    assert (read[f"connection/{foreign}"], read["connection/trial-nobody"]) == ("none", "no-container")


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
