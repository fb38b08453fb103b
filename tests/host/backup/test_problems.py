"""What counts as a problem, without Docker."""

import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from host.backup import health, places, problems, state, verify
from host.backup.checksums import Checksums, Table
from host.backup.pgbackrest import Repository
from host.failure import Failure
from tests.host.backup.test_copying import CHOSEN

NOW = time.time()
HOUR = 3600
GB = 2**30


class Usage(NamedTuple):
    """As `shutil.disk_usage` returns it."""

    total: int
    used: int
    free: int


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "STATE", tmp_path)
    monkeypatch.setattr(places, "DATA", tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 * GB, 50 * GB, 50 * GB))


def backup(begun: float = NOW - HOUR, **changes: Any) -> dict[str, Any]:
    return {
        "label": "20261129F",
        "type": "full",
        "begun": state.iso(begun),
        "ended": state.iso(begun),
        "size": 1,
        "error": False,
        **changes,
    }


def every(first: float | None = NOW - HOUR, *, waits_s: int = 0, **seen: Any) -> list[str]:
    archive = {"last_wal": "", "last_time": "", "waiting": 3, "waiting_s": waits_s, "error": ""}
    status = {"archive": archive, "verify": problems.verify_status()}
    repository = {"error": "", "backups": [backup()], "gap": False, "gap_at": None, **seen}
    return problems.every(CHOSEN, status, {"repository": repository}, first, NOW)


def record_test(hours_ago: float, result: str = "good", error: str = "") -> None:
    state.write("verify.json", {"at": state.iso(NOW - hours_ago * HOUR), "result": result, "error": error})


def test_a_fresh_platform_with_its_first_backup_has_none() -> None:
    assert every() == []


def test_wal_may_wait_for_five_minutes() -> None:
    assert every(waits_s=299) == []
    [problem] = every(waits_s=360)
    assert problem.startswith("backup/repository: 3 WAL files wait to be archived, the oldest for 6 minutes")


def test_the_last_restore_test_may_be_a_day_and_two_hours_old() -> None:
    record_test(25.9)
    assert every(NOW - 900 * HOUR) == []
    record_test(26.1)
    assert "older than 26 hours" in every(NOW - 900 * HOUR)[0]


def test_a_restore_test_that_never_came_is_a_problem_after_a_day_and_two_hours() -> None:
    assert every(NOW - 25 * HOUR) == []
    assert "no backup has been restored yet" in every(NOW - 27 * HOUR)[0]


def test_a_failed_restore_test_and_an_interrupted_one_are_problems() -> None:
    record_test(1, "bad", "legal: t has other rows (1)")
    assert every() == ["backup/verify: the restore test failed: legal: t has other rows (1)"]
    record_test(1, "running")
    assert "it was interrupted" in every()[0]


def test_a_failed_restore_test_stays_a_problem_while_the_other_repository_is_tested() -> None:
    both = {name: {"error": "", "backups": []} for name in ("repository", "second")}
    state.write("verify.json", {"at": state.iso(NOW), "repository": "second", "result": "bad", "error": "is rotten"})
    state.remember(restored_second="is rotten")
    status = {"archive": {"error": "", "waiting_s": 0}, "verify": problems.verify_status()}
    assert problems.every(CHOSEN, status, both, NOW, NOW) == [
        "backup/verify: the restore test of backup/second failed: is rotten"
    ]
    record_test(0)
    status["verify"] = problems.verify_status()
    assert problems.every(CHOSEN, status, both, NOW, NOW) == [
        "backup/verify: the last restore test of backup/second failed: is rotten"
    ]
    assert problems.every(CHOSEN, status, {"repository": both["repository"]}, NOW, NOW) == [], "it is not declared"


def test_each_repository_is_tested_every_other_night_and_after_a_failure_the_same_one() -> None:
    at = state.seconds("2026-11-24T04:30:00Z")
    tonight, tomorrow = (verify.tonights(CHOSEN, at + days * 24 * HOUR) for days in (0, 1))
    assert {tonight, tomorrow} == {"repository", "second"}
    assert [verify.tonights(CHOSEN, at + hours * HOUR) for hours in (1, 23.9, 24, 47)] == [
        *(tonight, tonight),
        *(tomorrow, tomorrow),
    ]
    alone = replace(CHOSEN, repositories={"repository": "local"})
    assert {verify.tonights(alone, at + days * 24 * HOUR) for days in (0, 1)} == {"repository"}


def test_the_status_names_the_tested_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(repository: Repository) -> None:
        raise Failure(f"{repository.subject}: has no backup to test")

    monkeypatch.setattr(verify, "_databases", fail)
    monkeypatch.setattr(places, "SCRATCH", places.STATE / "scratch")
    verify.verify(CHOSEN, "second")
    assert problems.verify_status()["repository"] == "second"
    assert state.memory()["restored_second"] == "backup/second: has no backup to test"


def test_a_failed_backup_is_a_problem_until_one_succeeds() -> None:
    state.remember(failed_repository={"at": NOW, "error": "backup/repository: is full"})
    assert every() == [f"backup/repository: is full (the last backup failed at {state.iso(NOW)})"]
    state.remember(failed_repository=None)
    assert every() == []


def test_the_newest_backup_may_be_two_periods_and_an_hour_old() -> None:
    """As when a backup hangs: it is no failure, and turns still run."""
    assert every(backups=[backup(NOW - 90 * HOUR), backup(NOW - 12.9 * HOUR)]) == []
    [problem] = every(backups=[backup(NOW - 90 * HOUR), backup(NOW - 13.1 * HOUR)])
    assert problem.startswith("backup/repository: the newest backup is of 20")
    assert problem.endswith(", older than 13 hours")


def test_lost_wal_is_a_problem_for_a_day_also_after_the_backup() -> None:
    assert "WAL is missing after the last backup" in every(gap=True, gap_at=NOW)[0]
    assert "a backup was made at once" in every(gap_at=NOW - 23 * HOUR)[0]
    assert every(gap_at=NOW - 25 * HOUR) == []


def test_a_backup_from_the_future_is_a_problem() -> None:
    assert "is from the future" in every(backups=[backup(NOW + HOUR)])[0]


def test_the_health_is_bad_without_a_turn_for_five_minutes_and_with_a_problem() -> None:
    state.write("status.json", {"at": state.iso(NOW), "problems": []})
    health.check(NOW + 299)
    for later in (301, -301):
        with pytest.raises(Failure, match="no turn has run since"):
            health.check(NOW + later)
    state.write("status.json", {"at": state.iso(NOW), "problems": ["one"]})
    with pytest.raises(Failure, match="one"):
        health.check(NOW)


def test_a_full_disk_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(100 * GB, 95 * GB, 5 * GB))
    [problem] = every()
    assert problem.startswith("postgres: its disk is 95 % full (5120 MB are free)")


def test_what_the_last_turn_has_written_is_shown_with_its_age_if_that_is_a_problem() -> None:
    assert health.written(NOW) == {}, "no turn has run yet"
    state.write("status.json", {"at": state.iso(NOW), "problems": ["one"]})
    assert health.written(NOW + 299)["problems"] == ["one"]
    [problem] = health.written(NOW + 301)["problems"]
    assert problem.startswith("backup: no turn has run since")


def test_tables_differ_by_rows_by_sum_and_by_absence_but_not_if_they_changed_meanwhile() -> None:
    same, changed = Table(2, "5"), Table(changed=True)
    live = Checksums({"a": same, "b": same, "c": same, "d": same, "e": changed})
    restored = Checksums({"a": same, "b": Table(3, "5"), "c": changed, "e": same, "f": same})
    assert verify.differences(live, restored) == (
        "b has other rows (3); c cannot be read; d is missing; f is in the restored database alone"
    )
    assert verify.differences(live, live) == ""


def test_a_disk_without_room_is_named_before_anything_is_restored() -> None:
    with pytest.raises(Failure, match=r"the test of legal needs \d+: make room"):
        verify._check_room("legal", 10**18)
