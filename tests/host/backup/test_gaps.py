"""WAL that pgBackRest has dropped without a word, and what can be recovered around it."""

from collections.abc import Callable

import pytest

from host.backup.gaps import Run, gaps, runs
from host.backup.postgres import Archiver
from host.backup.wal import Wal, format_lsn, parse_lsn
from tests.throwaway.backups import Backups, configuration
from tests.waiting import eventually

WAL = Wal(16 * 2**20)
ARCHIVE = "/var/lib/pgbackrest/first/archive/main/17-1"


def names(*numbers: int, timeline: int = 1) -> list[str]:
    return [WAL.name(timeline, number) for number in numbers]


def test_the_file_after_a_logs_last_one_is_the_next_logs_first() -> None:
    assert names(255, 256) == ["0000000100000000000000FF", "000000010000000100000000"]
    assert WAL.number("000000010000000100000000") == 256
    assert Wal(2**30).name(1, 4) == "000000010000000100000000"


def test_an_lsn_at_a_files_start_needs_the_file_before() -> None:
    assert WAL.last_number(parse_lsn("0/2000000")) == 1
    assert WAL.last_number(parse_lsn("0/2000001")) == 2
    assert format_lsn(parse_lsn("1/ABCDEF")) == "1/ABCDEF"


def test_files_without_a_gap_are_one_run_also_across_logs() -> None:
    assert runs(names(254, 255, 256), WAL) == [Run(1, 254, 256)]


def test_newer_files_join_the_runs_that_are_known() -> None:
    assert runs(names(4, 5, 7), WAL, [Run(1, 1, 4)]) == [Run(1, 1, 5), Run(1, 7, 7)]


def test_missing_files_are_gaps_and_so_are_those_after_the_last() -> None:
    found = runs(names(1, 2, 5, 6), WAL)
    assert gaps(found, 1, 6) == [Run(1, 3, 4)]
    assert gaps(found, 1, 8) == [Run(1, 3, 4), Run(1, 7, 8)]


def test_a_file_that_postgresql_still_holds_is_no_gap() -> None:
    assert gaps(runs(names(1, 2, 5), WAL), 1, 2) == []


def test_a_timeline_has_its_own_gaps() -> None:
    found = runs([*names(1, 2, 5), *names(5, 6, timeline=2)], WAL)
    assert gaps(found, 2, 6) == []


@pytest.mark.parametrize(
    ("last", "number"),
    [
        ("000000020000000000000005", 5),
        ("000000020000000000000005.00000028.backup", 5),
        ("00000002.history", None),
        ("000000010000000000000005.partial", None),
        ("", None),
    ],
)
def test_only_wal_of_the_current_timeline_counts_as_archived(last: str, number: int | None) -> None:
    archiver = Archiver(system=1, wal=WAL, timeline=2, lsn=0, last_wal=last, last_time="", failed_wal="")
    assert archiver.last_number == number


def drop(backups: Backups) -> None:
    """Writes WAL that pgBackRest drops, since its repository refuses it for too long."""
    backups.bash(f"chmod 500 {ARCHIVE} {ARCHIVE}/*")
    wait_until_it_counts_as_archived(backups)
    backups.bash(f"chmod 700 {ARCHIVE} {ARCHIVE}/*")


def delete(backups: Backups) -> None:
    """Writes WAL that somebody deletes from the repository."""
    before = backups.bash(f"ls {ARCHIVE}/*")
    wait_until_it_counts_as_archived(backups)
    for file in sorted({*backups.bash(f"ls {ARCHIVE}/*").split()} - {*before.split()})[:2]:
        backups.bash(f"rm {ARCHIVE}/*/{file}")


def wait_until_it_counts_as_archived(backups: Backups) -> None:
    backups.sql("CREATE TABLE lost AS SELECT repeat(md5(n::text), 10) FROM generate_series(1, 200000) n")
    last = backups.sql("SELECT pg_walfile_name(pg_switch_wal())")
    eventually(lambda: backups.sql("SELECT last_archived_wal FROM pg_stat_archiver") >= last, timeout_s=200)


@pytest.mark.docker
@pytest.mark.parametrize("lose", [delete, pytest.param(drop, marks=pytest.mark.faults)])
def test_lost_wal_is_found_backed_up_at_once_and_shown_as_two_ranges(
    make: Callable[..., Backups], lose: Callable[[Backups], None]
) -> None:
    # With these options, a busy machine would drop WAL in the other case too.
    drops = configuration(archive_push_queue_max="33554432", archive_timeout="10")
    backups = make({"pgbackrest.conf": drops if lose is drop else configuration()})
    backups.answer("turn")
    backups.sql("CREATE TABLE one AS SELECT now() AS at")
    backups.answer("wait-archived", backups.sql("SELECT pg_current_wal_lsn()"))
    lose(backups)
    said = backups.call("wait-archived", backups.sql("CREATE TABLE after AS SELECT 1; SELECT pg_current_wal_lsn()"))
    assert said.code == 1
    assert "WAL files before" in said.error
    [problem] = backups.status()["problems"]
    assert problem == "backup/repository: WAL is missing after the last backup, so later moments cannot be recovered"
    [done] = backups.answer("turn")["done"]
    assert done.startswith("repository: diff ")
    status = backups.status()
    one, two = status["repositories"]["repository"]["ranges"]
    assert one["from"] <= one["to"] <= two["from"] <= two["to"]
    at = backups.sql("SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') FROM one")
    assert one["to"] >= at
    assert backups.answer("wait-archived", backups.sql("SELECT pg_current_wal_lsn()"))
    assert "ranges show what can be recovered" in status["problems"][0]
