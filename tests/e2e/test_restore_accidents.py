"""Accidents during a restore: the dump is restored whole, or nothing of it is."""

import re
import subprocess
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.components.declared import plain
from tests.doubles.recording import declare
from tests.electric.client import MISSING

from .dumps import Dev, ask_for, checksum, dev
from .foundation import eventually, own, strike
from .laws import ENFORCEMENT, LEGAL, follow, has_exactly, table
from .platform import STACK, Platform
from .restoring import HOST, MOMENTS, copying, ends_well, is_whole, processes, reach, settle, stopped
from .test_foundation_disk import LARGE, VOLUME, Disk

__all__ = ["dev"]
pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.one_runner, pytest.mark.faults]


@pytest.fixture
def large(platform: Platform, dev: Dev) -> Dev:
    """Enough rows for a load of a second or two."""
    dev.laws(200_000)
    ask_for(platform, dev.dump())
    return dev


@pytest.mark.parametrize("moment", MOMENTS)
def test_up_is_killed_when(platform: Platform, large: Dev, moment: str) -> None:
    """The work on the host completes by itself."""
    before = checksum(platform)
    process = platform.begin()
    reach(platform, moment)
    platform.kill(process)
    settle(platform)
    assert is_whole(platform, before) or moment == "the dump arrives"
    eventually(lambda: platform.get(HOST, "/health").status_code == 200)
    ends_well(platform)


@pytest.mark.parametrize("moment", MOMENTS)
def test_the_host_fails_when(platform: Platform, large: Dev, moment: str) -> None:
    """Everything that runs there is gone at once."""
    before = checksum(platform)
    process = platform.begin()
    reach(platform, moment)
    platform.kill(process)
    subprocess.run(["kill", "-9", *processes(platform)], check=False)
    settle(platform)
    is_whole(platform, before)
    ends_well(platform)


def test_up_runs_again_while_the_host_still_restores(platform: Platform, dev: Dev) -> None:
    """It waits for the end: what an app wrote between the rows of the dump would be lost."""
    dev.laws(1_500_000)
    ask_for(platform, dev.dump())
    process = platform.begin()
    reach(platform, "rows go in")
    platform.kill(process)
    process = platform.begin()
    looks = 0
    while copying(platform):
        assert not [each.name for each in platform.containers(service="legal", part="app") if each.status == "running"]
        looks += 1
    assert looks > 5
    again = platform.runner.ended(process)
    assert again.ok, again.error
    assert checksum(platform) == checksum(platform, "legal_dev")
    ends_well(platform)


def test_postgres_is_killed_in_the_middle(platform: Platform, large: Dev) -> None:
    before = checksum(platform)
    process = platform.begin()
    reach(platform, "rows go in")
    strike(platform, "postgres")
    bad = platform.runner.ended(process)
    assert not bad.ok
    assert "nothing was changed; what served before serves again" in bad.error
    assert checksum(platform) == before
    assert platform.get(HOST, "/health").status_code == 200
    ends_well(platform)


@pytest.fixture
def open_transaction(platform: Platform) -> Iterator[Callable[[], None]]:
    """Starts a transaction on another service's database that has changed something. It ends after the test."""
    words = "BEGIN; SELECT txid_current(); SELECT pg_sleep(300)"
    begun: list[threading.Thread] = []

    def begin() -> None:
        def hold() -> None:
            own(platform, "postgres").exec_run(["psql", "-U", "postgres", "-d", ENFORCEMENT, "-c", words])

        begun.append(threading.Thread(target=hold, daemon=True))
        begun[0].start()

    yield begin
    platform.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)'")


def test_an_open_transaction_elsewhere_is_reported_before_anything_stops(
    platform: Platform, dev: Dev, open_transaction: Callable[[], None]
) -> None:
    dev.laws(5)
    ask_for(platform, dev.dump())
    before, ids = checksum(platform), platform.ids()
    open_transaction()
    time.sleep(6)
    bad = platform.up()
    assert not bad.ok
    assert f"services/legal/restore: a transaction on {ENFORCEMENT} by postgres has been open since" in bad.error
    [number] = re.findall(r"pg_terminate_backend\((\d+)\)", bad.error)
    assert not stopped(platform)
    assert (checksum(platform), platform.ids()) == (before, ids)
    platform.sql(f"SELECT pg_terminate_backend({number})")
    ends_well(platform)


def test_the_previous_rows_are_restored_if_electric_is_not_healthy_with_the_new_ones(
    platform: Platform, dev: Dev, open_transaction: Callable[[], None]
) -> None:
    """A transaction that begins meanwhile delays its new slot."""
    platform.services["legal"]["electric"]["start_timeout_s"] = 5
    released = platform.up()
    assert released.ok, released.error
    dev.laws(200_000)
    platform.sql("INSERT INTO uk_lrt (name) VALUES ('old')", LEGAL)
    platform.sql("INSERT INTO items (key) VALUES ('old')", LEGAL)
    ask_for(platform, dev.dump(), replace=True)
    before = checksum(platform)
    process = platform.begin()
    reach(platform, "rows go in")
    open_transaction()
    bad = platform.runner.ended(process)
    assert not bad.ok
    assert "the previous rows were restored" in bad.error
    assert checksum(platform) == before
    assert platform.get(HOST, "/health").status_code == 200
    platform.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(300)'")
    ends_well(platform)


def test_two_services_at_once_wait_for_each_other(platform: Platform, dev: Dev) -> None:
    dev.laws(50_000)
    dump = dev.dump()
    platform.sql("TRUNCATE uk_lrt, items", ENFORCEMENT)
    ask_for(platform, dump)
    ask_for(platform, dump, "enforcement")
    try:
        done = platform.up()
        assert done.ok, done.error
        assert {"legal-restore", "enforcement-restore"} <= done.touched()
        rows = "SELECT md5(string_agg(t::text, ' ' ORDER BY id)) FROM uk_lrt t"
        wanted = dev.sql(rows)
        assert [platform.sql(rows, name) for name in (LEGAL, ENFORCEMENT)] == [wanted, wanted]
    finally:
        platform.sql("TRUNCATE uk_lrt, items RESTART IDENTITY", ENFORCEMENT)
        platform.sql("DROP TABLE IF EXISTS sertantai_restores", ENFORCEMENT)


def test_two_concurrent_restores_of_the_same_dump_load_it_once(
    platform: Platform, large: Dev, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second restore is the step itself, which shares no state with the first."""
    monkeypatch.chdir(platform.folder)
    platform.write()
    [step] = [resource for resource in declare(STACK) if resource.name == "legal-restore"]
    first = platform.begin()
    reach(platform, "the app has stopped")
    command = [*plain(step.inputs["interpreter"]), step.inputs["create"]]
    second = subprocess.run(command, input=plain(step.inputs["stdin"]), capture_output=True, text=True)
    assert second.returncode == 0, second.stderr
    assert "waits for another restore, or a cut-over, to end" in second.stdout
    assert "UTC; its rows stay" in second.stdout
    assert platform.runner.ended(first).ok
    ends_well(platform)


@pytest.mark.skipif(MISSING is not None, reason=f"{MISSING}: Electric's client needs it")
@pytest.mark.usefixtures("laws")
def test_300_mb_are_restored_while_electrics_clients_wait(platform: Platform, dev: Dev) -> None:
    """In one transaction, which would break Electric's shapes if its slot existed."""
    dev.sql(
        "INSERT INTO items (key, body) SELECT g, string_agg(md5(g || '-' || h), '') "
        "FROM generate_series(1, 10000) g, generate_series(1, 1000) h GROUP BY g"
    )
    dev.laws(100)
    ask_for(platform, dev.dump())
    with follow(platform) as client:
        done = platform.up()
        assert done.ok, done.error
        assert int(platform.sql("SELECT sum(length(body)) FROM items", LEGAL)) > 300_000_000
        has_exactly(client, table(platform))


@pytest.fixture
def narrow(platform: Platform) -> Iterator[Disk]:
    """The platform, created again on a disk with just enough space for a restore to begin."""
    image = own(platform, "postgres").attrs["Image"]
    assert platform.run("destroy").ok
    disk = Disk(platform, image)
    disk.resize("size=1g")
    platform.config["sertantai:postgres"]["volume"] = VOLUME
    made = platform.up()
    assert made.ok, made.error
    yield disk
    disk.resize("size=2g")
    eventually(lambda: platform.sql("SELECT 1"))
    disk.keeper.remove(force=True)
    gone = platform.run("destroy")
    assert gone.ok, gone.error


def test_a_disk_without_room_is_reported_first_and_one_that_fills_up_changes_nothing(
    narrow: Disk, platform: Platform, dev: Dev
) -> None:
    dev.laws(300_000)
    ask_for(platform, dev.dump())
    before = checksum(platform)
    narrow.resize(LARGE)
    bad = platform.up()
    assert not bad.ok
    assert "MB are free on PostgreSQL's disk and the dump needs" in bad.error
    assert not stopped(platform)
    narrow.resize("size=1g")
    process = platform.begin()
    reach(platform, "the app has stopped")
    narrow.keeper.exec_run(["sh", "-c", "cat /dev/zero > /disk/filler"])
    bad = platform.runner.ended(process)
    assert not bad.ok
    assert "No space left on device" in bad.error or "server closed the connection" in bad.error, bad.error
    narrow.keeper.exec_run(["rm", "/disk/filler"])
    eventually(lambda: platform.sql("SELECT 1"))
    assert checksum(platform) == before
    ends_well(platform)
