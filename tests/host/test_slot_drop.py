"""The slot of an Electric that is stopped on purpose."""

import pytest

from render import sql
from tests.throwaway.box import docker
from tests.throwaway.calling import call
from tests.throwaway.cluster import ask, by_hand, make_electric, remove_electric
from tests.waiting import eventually

pytestmark = pytest.mark.docker


def test_the_slot_of_a_stopped_electric_is_dropped(cluster: str, name: str, app: str) -> None:
    ask(cluster, f"SELECT pg_create_logical_replication_slot('{sql.slot(name)}', 'pgoutput')", name)
    for _ in range(2):
        said = call("slot-drop", "trial", name, name, slot=sql.slot(name), postgres=cluster)
        assert said.ok, said.out
        assert said.out.startswith(f"{name}/electric: stopped on purpose; its slot is dropped")
    assert ask(cluster, f"SELECT count(*) FROM pg_replication_slots WHERE database = '{name}'") == "0"


def test_a_slot_that_another_electric_reads_stays(cluster: str, name: str, app: str) -> None:
    electric, slot = make_electric(cluster, name), sql.slot(name)
    ask(cluster, f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')", name)
    url = f"host=127.0.0.1 user={electric} dbname={name} password=two"
    words = ["pg_recvlogical", "-d", url, "--slot", slot, "--start", "-f", "/dev/null"]
    options = ["-o", "proto_version=1", "-o", f"publication_names={sql.publication(name)}"]
    by_hand(cluster, f"CREATE PUBLICATION {sql.publication(name)}", name)
    assert docker("exec", "-d", cluster, *words, *options).ok
    active = f"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{slot}' AND active"
    try:
        eventually(lambda: ask(cluster, active) == "1")
        said = call("slot-drop", "trial", name, name, slot=slot, postgres=cluster)
        assert said.code == 1
        assert said.out == (
            f"{name}/electric: another Electric reads its slot {slot}: stop that one, then run up again\n"
        )
    finally:
        ask(cluster, f"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{slot}'")
        docker("exec", cluster, "pkill", "-x", "pg_recvlogical")
        assert remove_electric(cluster, name).ok
