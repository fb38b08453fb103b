"""What is wrong, one line each. No line means that everything is good."""

from collections.abc import Iterator
from typing import Any

from . import archive, disk, last_test, state
from .schedule import CLOCK_S
from .settings import FIRST, SECOND, Settings

TEST_S = 26 * 3600
"""Seconds that the last restore test may be old."""
BEHIND_S = 3600
GAP_SHOWN_S = 24 * 3600
"""Seconds for which lost WAL or a deleted backup stays a problem, also after the backup that was made at once."""


def every(
    chosen: Settings, status: dict[str, Any], seen: dict[str, Any], first_backup: float | None, now: float
) -> list[str]:
    """Returns all problems of a status. `seen` has what is known of each repository, also what is not shown."""
    return [
        *filter(None, [disk.problem()]),
        *_archive(status["archive"]),
        *_repositories(seen, state.memory(), now),
        *_ages(seen, 2 * chosen.differential_hours + 1, now),
        *_verify(status["verify"], first_backup, now),
        *_not_tonight(seen, status["verify"]),
    ]


def _archive(values: dict[str, Any]) -> Iterator[str]:
    if values["error"].startswith("postgres:"):
        yield values["error"]
    if values["waiting_s"] > archive.LATE_S:
        yield (
            f"backup/repository: {values['waiting']} WAL files wait to be archived, the oldest for "
            f"{values['waiting_s'] // 60} minutes; what is written now would be lost with the server"
        )


def _repositories(seen: dict[str, Any], memory: dict[str, Any], now: float) -> Iterator[str]:
    for name, each in seen.items():
        if each["error"]:
            yield f"backup/{name}: {each['error']}"
        if failed := memory.get(f"failed_{name}"):
            yield f"{failed['error']} (the last backup failed at {state.iso(failed['at'])})"
        if each.get("gone_at") and now < each["gone_at"] + GAP_SHOWN_S:
            yield (
                f"backup/{name}: its newest backup was gone at {state.iso(each['gone_at'])}: somebody deleted it; find "
                "out who, and see docs/backups.md for what is left"
            )
        if name == SECOND:
            yield from _copying(memory, now)
        if each.get("gap"):
            yield f"backup/{name}: WAL is missing after the last backup, so later moments cannot be recovered"
        elif each.get("gap_at") and now < each["gap_at"] + GAP_SHOWN_S:
            yield (
                f"backup/{name}: WAL was missing at {state.iso(each['gap_at'])}; a backup was made at once, and the "
                "ranges show what can be recovered"
            )
        for backup in each["backups"]:
            if state.seconds(backup["begun"]) > now + CLOCK_S:
                yield (
                    f"backup/{name}: backup {backup['label']} is from the future, so the server's clock was or is "
                    "wrong; pgBackRest makes no new one before that time"
                )
            if backup["error"]:
                yield f"backup/{name}: backup {backup['label']} has damaged pages"


def _ages(seen: dict[str, Any], hours: int, now: float) -> Iterator[str]:
    for name, each in seen.items():
        newest = max((backup["ended"] for backup in each["backups"]), default="")
        if newest and now - state.seconds(newest) > hours * 3600:
            yield f"backup/{name}: the newest backup is of {newest}, older than {hours} hours"


def _copying(memory: dict[str, Any], now: float) -> Iterator[str]:
    if error := memory.get("copy_error"):
        yield error
    if (behind := memory.get("behind")) and now - behind > BEHIND_S:
        yield f"backup/second: has been behind since {state.iso(behind)}: WAL is written faster than it can be copied"


def _verify(verify: dict[str, Any], first: float | None, now: float) -> Iterator[str]:
    if verify["result"] == "bad":
        place = f" of backup/{SECOND}" if verify["repository"] == SECOND else ""
        yield f"backup/verify: the restore test{place} failed: {verify['error'] or 'see databases'}"
    if verify["at"]:
        if now - state.seconds(verify["at"]) > TEST_S:
            yield f"backup/verify: the last restore test is of {verify['at']}, older than 26 hours"
    elif first and now - first > TEST_S:
        yield "backup/verify: no backup has been restored yet, 26 hours after the first one"


def _not_tonight(seen: dict[str, Any], verify: dict[str, Any]) -> Iterator[str]:
    """A failed test stays a problem until the same repository is tested again, not only until the other one is."""
    for name in seen:
        if name != verify["repository"] and (error := state.memory().get(f"restored_{name}")):
            yield f"backup/verify: the last restore test of backup/{name} failed: {error}"


def verify_status() -> dict[str, Any]:
    """Returns the last restore test of databases."""
    empty = {"at": "", "repository": FIRST, "took_s": 0, "result": "never", "reached": "", "databases": {}, "error": ""}
    return last_test.read(empty)
