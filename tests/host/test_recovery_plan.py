"""Which backup and timeline lead to a moment."""

from typing import Any

import pytest

from host.failure import Failure
from host.recovery_plan import NEWEST, Plan, parse, plan, plans_of_a_lost_server


def backup(label: str, ended: str, error: object = None) -> dict[str, Any]:
    return {"label": label, "type": "full", "ended": f"2026-11-24T{ended}:00Z", "error": error}


def span(first: str, last: str, timeline: int = 1) -> dict[str, Any]:
    return {"from": f"2026-11-24T{first}:00Z", "to": f"2026-11-24T{last}:00Z", "timeline": timeline}


def status(backups: list[Any], ranges: list[Any]) -> dict[str, Any]:
    return {"repositories": {"repository": {"backups": backups, "ranges": ranges, "error": None}}}


def chosen(to: str, known: dict[str, Any]) -> Plan:
    return plan(parse(to), known)


TWO = status([backup("A", "01:00"), backup("B", "03:00")], [span("01:00", "05:00")])


@pytest.mark.parametrize(
    ("to", "label"),
    [("2026-11-24 02:59", "A"), ("2026-11-24 03:00", "B"), ("2026-11-24 05:00:00.400", "B"), (NEWEST, "B")],
)
def test_the_newest_backup_that_ended_before_the_moment_is_restored(to: str, label: str) -> None:
    assert chosen(to, TWO).backup == label


@pytest.mark.parametrize("to", ["2026-11-24 00:59", "2026-11-24 05:00:01", "2026-11-25", "legal-20261124T060000Z"])
def test_a_moment_outside_the_ranges_is_refused_with_the_ranges(to: str) -> None:
    with pytest.raises(
        Failure, match=r"cannot be recovered; these moments can \(UTC\): 2026-11-24 01:00:00 to .*05:00:00"
    ):
        chosen(to, TWO)


def test_a_moment_in_a_gap_is_refused_with_both_ranges() -> None:
    known = status([backup("A", "01:00"), backup("B", "04:00")], [span("01:00", "02:00"), span("04:00", "05:00")])
    with pytest.raises(Failure, match=r"01:00:00 to .*02:00:00, .*04:00:00 to .*05:00:00"):
        chosen("2026-11-24 03:00", known)
    assert chosen("2026-11-24 01:30", known).backup == "A"


def test_a_backup_of_before_a_gap_is_not_restored_for_a_moment_after_it() -> None:
    known = status([backup("A", "01:00"), backup("B", "04:00")], [span("01:00", "02:00"), span("04:00", "05:00")])
    assert chosen("2026-11-24 04:30", known).backup == "B"


def test_a_backup_with_an_error_is_not_restored() -> None:
    known = status([backup("A", "01:00"), backup("B", "03:00", "checksum error")], [span("01:00", "05:00")])
    assert chosen("2026-11-24 04:00", known).backup == "A"


DAMAGED = status([backup("A", "01:00", "checksum error")], [span("01:00", "05:00")])


def test_a_damaged_backup_is_better_than_none_and_is_named_so() -> None:
    way = chosen("2026-11-24 04:00", DAMAGED)
    assert (way.backup, "the backup A (DAMAGED" in way.shown) == ("A", True)
    both = {"repositories": {**DAMAGED["repositories"], "second": TWO["repositories"]["repository"]}}
    way = chosen("2026-11-24 04:00", both)
    assert (way.repository, way.shown) == ("second", "the backup B from backup/second")


def listed(label: str, stop: int, *, error: bool = False) -> dict[str, Any]:
    wal = "000000010000000000000002"
    return {"label": label, "error": error, "timestamp": {"stop": stop}, "archive": {"stop": wal}}


def test_a_lost_server_gets_the_newest_good_backup_or_else_a_damaged_one() -> None:
    info = [{"archive": [], "backup": [listed("A", 10), listed("B", 20, error=True)]}]
    assert [way.shown for way in plans_of_a_lost_server(None, info)] == ["the backup A"]
    [way] = plans_of_a_lost_server(None, [{"archive": [], "backup": [listed("B", 20, error=True)]}], "second")
    assert (way.repository, way.is_damaged) == ("second", True)
    with pytest.raises(Failure, match="there is no backup in backup/second"):
        plans_of_a_lost_server(None, [], "second")


def test_the_timeline_is_the_one_that_was_running_at_the_moment() -> None:
    ranges = [span("01:00", "05:00"), span("06:00", "08:00", 2)]
    known = status([backup("A", "01:00"), backup("B", "06:00")], ranges)
    assert (chosen("2026-11-24 04:00", known).timeline, chosen("2026-11-24 07:00", known).timeline) == (1, 2)
    assert "--target-timeline=2" in chosen(NEWEST, known).options()


def test_the_second_repository_helps_if_the_first_has_nothing() -> None:
    known = status([], [])
    known["repositories"]["second"] = TWO["repositories"]["repository"]
    assert chosen("2026-11-24 02:00", known).repository == "second"


def test_without_any_backup_the_error_of_the_repository_is_named() -> None:
    known = {"repositories": {"repository": {"backups": [], "ranges": [], "error": "cannot be reached"}}}
    with pytest.raises(Failure, match="there is no backup yet\nbackup/repository: cannot be reached"):
        chosen("2026-11-24 02:00", known)


@pytest.mark.parametrize(
    ("to", "moment"),
    [
        ("2026-11-24 03:15", "03:15:00"),
        ("2026-11-24T03:15:30Z", "03:15:30"),
        ("2026-11-24 05:15+02:00", "03:15:00"),
        ("2026-11-24 02:15:00.500000-01:00", "03:15:00"),
    ],
)
def test_a_time_is_utc_unless_it_says_otherwise(to: str, moment: str) -> None:
    target = parse(to)
    assert target
    assert target.id == f"20261124T{moment.replace(':', '')}Z"
    assert f"--target=2026-11-24 {moment}" in target.options()[1]


def test_a_restore_point_is_reached_by_its_name_and_found_by_its_time() -> None:
    target = parse("ehs-enforcement-restore-20261124T031500Z")
    assert target
    assert target.options() == ["--type=name", "--target=ehs-enforcement-restore-20261124T031500Z"]
    assert target.id == "20261124T031500Z"


@pytest.mark.parametrize("to", ["yesterday", "", "legal-20261124", "2026-13-01", "-20261124T031500Z"])
def test_anything_else_is_refused_with_examples(to: str) -> None:
    with pytest.raises(Failure, match="neither a time such as 2026-11-24 03:15 nor a restore point such as"):
        parse(to)


def test_an_explicit_timeline_and_backup_are_always_passed() -> None:
    for to_the_end in (True, False):
        options = chosen("2026-11-24 04:00", TWO).options(to_the_end=to_the_end)
        assert options[:2] == ["--set=B", "--target-timeline=1"]
