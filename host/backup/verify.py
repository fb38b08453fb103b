"""The restore test: each database is restored, recovered to an exact moment, and compared with the live one.

One database after the other, each into a scratch cluster of its own: the files of the other databases are left empty,
so that all together are restored once, and the disk needs room for the largest one alone. A cluster that is recovered
and promoted cannot be recovered further, and one that pauses as a standby would block on an unfinished DROP.

With two repositories, each is tested every other night.
"""

import json
import shutil
import time
from collections.abc import Sequence
from typing import Any

from .. import files
from ..failure import Failure
from . import archive, checksums, places, schedule, scratch, second, state
from .checksums import Checksums
from .pgbackrest import Repository, repositories
from .postgres import Live
from .scratch import Scratch, Target
from .settings import SECOND, Settings
from .wal import format_lsn

ARCHIVED_S = 300
RESERVE = 10**9
"""Bytes that must stay free on the disk, which PostgreSQL uses too."""
FIRST_USER_OID = 16384
"""The databases of a new cluster have smaller numbers, and are always restored."""
SHOWN = 5


def verify(chosen: Settings, name: str = "") -> dict[str, Any]:
    """Tests the newest backup of a repository, and writes verify.json. The caller has the lock.

    Without a name it is the repository whose night it is.
    """
    begun = time.time()
    repository = Repository(name or tonights(chosen, begun), chosen)
    empty = {"databases": {}, "error": "", "reached": ""}
    result: dict[str, Any] = {"at": state.iso(begun), "repository": repository.name, "result": "running", **empty}
    state.write("verify.json", result)
    try:
        for database, outcome in _databases(repository):
            result["databases"][database] = outcome
            result["reached"] = outcome.pop("reached")
        if not result["databases"]:
            raise Failure("backup/verify: there is no database to compare")
        bad = [f"{name}: {each['error']}" for name, each in result["databases"].items() if each["result"] == "bad"]
        result |= {"result": "bad" if bad else "good", "error": "; ".join(bad)}
    except Failure as failure:
        result |= {"result": "bad", "error": str(failure).removeprefix("backup/verify: ")}
    finally:
        if result["result"] == "running":
            result |= {"result": "bad", "error": "it was interrupted"}
        result |= {"at": state.iso(time.time()), "took_s": round(time.time() - begun, 1)}
        state.write("verify.json", result)
        state.remember(**{f"restored_{repository.name}": result["error"]})
        scratch.clear()
    return result


def tonights(chosen: Settings, now: float) -> str:
    """Returns the repository to test until the next night's test, also after a failure."""
    names = [repository.name for repository in repositories(chosen)]
    return names[int(schedule.last_day_time(chosen.verify, now) // schedule.DAY_S) % len(names)]


def _databases(repository: Repository) -> Any:
    """Yields each database with its outcome."""
    chosen = repository.settings
    live = Live(chosen)
    cluster: dict[str, Any] = json.loads(live.query(files.sql("backup_verify")))
    info = repository.info()
    if info.error or not info.backups:
        raise Failure(f"{repository.subject}: {info.error or 'has no backup to test'}")
    label = info.backups[-1]["label"]
    [backup] = repository.info(f"--set={label}").backups
    apart = [ref["name"] for ref in backup.get("database-ref") or [] if ref["oid"] >= FIRST_USER_OID]
    options = {
        "max_prepared_transactions": str(cluster["prepared"]),
        "max_locks_per_transaction": str(cluster["locks"]),
    }
    for name in sorted(cluster["databases"]):
        _check_room(name, cluster["databases"][name])
        expected = checksums.of_live(chosen, name)
        if repository.name == SECOND:
            second.check(chosen)
        else:
            archive.wait_until_archived(live, repository, archive.switch(live), ARCHIVED_S)
        others = [each for each in apart if each != name]
        target = Target(label, expected.lsn, live.archiver().timeline, others, options)
        yield name, _compare(Scratch(repository), target, name, expected)


def _compare(cluster: Scratch, target: Target, name: str, expected: Checksums) -> dict[str, Any]:
    begun = time.monotonic()
    try:
        cluster.build(target)
        restored = checksums.of_restored(cluster.connection, name)
        error = differences(expected, restored) or cluster.check(name)
    finally:
        scratch.clear()
    return {
        "rows": expected.rows,
        "tables": len(expected.tables),
        "skipped": sorted(table for table, each in expected.tables.items() if each.changed),
        "result": "bad" if error else "good",
        "error": error,
        "lsn": format_lsn(expected.lsn),
        "took_s": round(time.monotonic() - begun, 1),
        "reached": state.iso(expected.at),
    }


def differences(expected: Checksums, restored: Checksums) -> str:
    """Returns how the restored database differs, or an empty text. Tables that changed meanwhile say nothing."""
    found = [
        _difference(table, restored)
        for table, each in expected.tables.items()
        if not each.changed and restored.tables.get(table) != each
    ]
    found += [f"{table} is in the restored database alone" for table in restored.tables if table not in expected.tables]
    return _shorten(found)


def _difference(table: str, restored: Checksums) -> str:
    there = restored.tables.get(table)
    if there is None:
        return f"{table} is missing"
    if there.changed:
        return f"{table} cannot be read"
    return f"{table} has other rows ({there.rows})"


def _shorten(found: Sequence[str]) -> str:
    more = [f"and {len(found) - SHOWN} more"] if len(found) > SHOWN else []
    return "; ".join([*found[:SHOWN], *more])


def _check_room(name: str, size: int) -> None:
    free = shutil.disk_usage(places.STATE).free
    if free < size + RESERVE:
        raise Failure(
            f"backup/verify: {free // 10**6} MB are free and the test of {name} needs {(size + RESERVE) // 10**6}: "
            "make room, or use a larger disk"
        )
