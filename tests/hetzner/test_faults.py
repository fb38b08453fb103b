"""Machines behind the double, and faults that a test requests."""

import threading
import time
from typing import Any

import pytest
import requests
from hcloud.actions import ActionFailedException
from hcloud.zones import ZoneRecord

from tests.doubles.hetzner.api import Api
from tests.doubles.hetzner.machines import NoMachines
from tests.hetzner.client import FSN1, connect, key, order, refusal


class Recorded(NoMachines):
    """Machines that record their calls, and are slow or refuse on request."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.ready = threading.Event()
        self.refuses = False

    def create(self, server_id: int, name: str, address: str, user_data: str) -> None:
        self.ready.wait(5)
        self.calls.append(("create", name, address, user_data))
        if self.refuses:
            raise RuntimeError("no room in the rack")

    def start(self, server_id: int) -> None:
        self.calls.append(("start",))

    def remove(self, server_id: int) -> None:
        self.calls.append(("remove",))

    def record(self, name: str, kind: str, values: list[str]) -> None:
        self.calls.append((name, kind, values))


def test_a_slow_machine_only_keeps_its_action_running() -> None:
    machines = Recorded()
    with Api(machines=machines, action_s=0.01) as api:
        client = connect(api)
        made = order(client, user_data="#cloud-config")
        time.sleep(0.1)
        assert client.actions.get_by_id(made.action.id).status == "running"
        machines.ready.set()
        made.next_actions[-1].wait_until_finished()
        assert machines.calls == [("create", "one", "192.0.2.10", "#cloud-config"), ("start",)]


def test_a_machine_that_fails_ends_the_action_as_an_error() -> None:
    machines = Recorded()
    machines.refuses = True
    machines.ready.set()
    with Api(machines=machines, action_s=0.01) as api:
        made = order(connect(api))
        with pytest.raises(ActionFailedException, match="no room in the rack"):
            made.action.wait_until_finished()
        with pytest.raises(ActionFailedException):
            made.next_actions[0].wait_until_finished()


def test_name_servers_receive_the_full_name_of_a_record() -> None:
    machines = Recorded()
    with Api(machines=machines, action_s=0.01, zone_names=["example.com"]) as api:
        zone = connect(api).zones.get("example.com")
        for name in ("www", "@"):
            zone.create_rrset(name=name, type="A", records=[ZoneRecord(value="192.0.2.1")]).action.wait_until_finished()
        zone.get_rrset("www", "A").delete_rrset().action.wait_until_finished()
    set_once = [("www.example.com", "A", ["192.0.2.1"]), ("example.com", "A", ["192.0.2.1"])]
    assert machines.calls == [*set_once, ("www.example.com", "A", [])]


def test_a_fault_occurs_as_often_as_requested(api: Api, client: Any) -> None:
    api.faults.add("GET", "/servers", 503, "unavailable", times=2)
    for _ in range(2):
        with refusal("unavailable"):
            client.servers.get_all()
    assert client.servers.get_all() == []


def test_a_conflict_is_tried_again_by_the_client_itself(api: Api) -> None:
    client = connect(api, retries=1)
    api.faults.add("POST", "/volumes", 409, "conflict")
    assert client.volumes.create(10, "data", location=FSN1).volume.id in api.volumes


def test_after_a_lost_answer_the_change_stays(api: Api, client: Any) -> None:
    api.faults.add("POST", "/ssh_keys", kind="lost")
    with pytest.raises(requests.ConnectionError):
        client.ssh_keys.create("mine", key())
    assert [one["name"] for one in api.ssh_keys.values()] == ["mine"]


def test_a_broken_connection_changes_nothing_and_a_late_answer_is_late(api: Api, client: Any) -> None:
    api.faults.add("POST", "/ssh_keys", kind="cut")
    with pytest.raises(requests.ConnectionError):
        client.ssh_keys.create("mine", key())
    assert api.ssh_keys == {}
    api.faults.add("GET", "/ssh_keys", kind="timeout", seconds=0.2)
    began = time.monotonic()
    client.ssh_keys.get_all()
    assert time.monotonic() - began >= 0.2


def test_an_action_can_be_made_to_fail(api: Api, client: Any) -> None:
    api.faults.add_action("start_server", "host went away")
    made = order(client)
    with pytest.raises(ActionFailedException, match="host went away"):
        made.next_actions[-1].wait_until_finished()
    assert client.servers.get_by_id(made.server.id).status == "off"
