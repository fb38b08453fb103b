"""When a backup and a restore test are due."""

import calendar
import time

import pytest

from host.backup.schedule import Made, due_backup, due_verify

HOUR = 3600


def at(text: str) -> int:
    return calendar.timegm(time.strptime(text, "%Y-%m-%d %H:%M"))


WEDNESDAY = at("2026-11-25 12:00")
SUNDAY = at("2026-11-22 02:15")


def due(*made: Made, now: float = WEDNESDAY, **options: float) -> str:
    return due_backup(made, "Sun 02:15", 6, now, **options)  # type: ignore[arg-type]


def test_the_first_backup_is_made_at_once_and_is_full() -> None:
    assert due() == "full"


def test_a_backup_of_this_week_is_enough_for_a_full_one_and_each_six_hours_there_is_a_differential_one() -> None:
    full = Made("full", SUNDAY + 60)
    assert due(full, now=SUNDAY + 120) == ""
    assert due(full, now=SUNDAY + 60 + 6 * HOUR) == "diff"
    assert due(full, Made("diff", WEDNESDAY - 5 * HOUR)) == ""


def test_a_backup_by_hand_counts_too() -> None:
    assert due(Made("full", SUNDAY + 60), Made("incr", WEDNESDAY - HOUR)) == ""


def test_the_full_backup_is_due_at_its_time_and_is_caught_up_after_a_restart() -> None:
    old = Made("full", SUNDAY - 7 * 24 * HOUR)
    assert due(old, Made("diff", SUNDAY - HOUR), now=SUNDAY - 60) == ""
    assert due(old, Made("diff", SUNDAY - HOUR), now=SUNDAY) == "full"
    assert due(old, now=SUNDAY + 30 * HOUR) == "full"


def test_a_failed_backup_is_tried_again_after_five_minutes() -> None:
    assert due(failed_at=WEDNESDAY - 299) == ""
    assert due(failed_at=WEDNESDAY - 301) == "full"


def test_a_gap_after_the_last_backup_makes_one_due_at_once() -> None:
    assert due(Made("full", WEDNESDAY - 60), gap=True) == "diff"


def test_a_backup_from_the_future_does_not_stop_the_schedule() -> None:
    """The clock was a month ahead when it was made."""
    assert due(Made("full", WEDNESDAY + 30 * 24 * HOUR)) == "full"
    assert due(Made("full", SUNDAY + 60), Made("diff", WEDNESDAY + 30 * 24 * HOUR)) == "diff"


def test_a_failure_in_the_future_does_not_stop_the_schedule() -> None:
    assert due(failed_at=WEDNESDAY + 30 * 24 * HOUR) == "full"


@pytest.mark.parametrize(
    ("last", "first", "good", "expected"),
    [
        (None, None, False, False),
        (None, "2026-11-25 05:00", False, False),
        (None, "2026-11-25 04:00", False, True),
        ("2026-11-24 05:00", "2026-11-01 00:00", True, True),
        ("2026-11-25 04:31", "2026-11-01 00:00", True, False),
        ("2026-11-25 11:01", "2026-11-01 00:00", False, False),
        ("2026-11-25 10:59", "2026-11-01 00:00", False, True),
        ("2026-12-25 00:00", "2026-11-01 00:00", True, True),
    ],
    ids=[
        "before the first backup never",
        "its first time is yet to come",
        "its first time has passed",
        "a new day",
        "today it was good",
        "it failed less than an hour ago",
        "it failed an hour ago",
        "the last one is from the future",
    ],
)
def test_the_restore_test_is_due_once_a_day(last: str | None, first: str | None, good: bool, expected: bool) -> None:
    times = {"last": at(last) if last else None, "first_backup": at(first) if first else None}
    assert due_verify("04:30", WEDNESDAY, good=good, **times) is expected
