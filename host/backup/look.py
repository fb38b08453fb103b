"""Looks at everything once, and writes status.json: what `status` prints and the health check reads."""

import time
from dataclasses import asdict
from typing import Any

from ..failure import Failure
from . import archive, gaps, places, problems, state
from .gaps import Ranges, Run
from .pgbackrest import Info, Repository, repositories
from .postgres import Archiver, Live
from .settings import FIRST, Settings

READ_S = 60
"""Seconds after which a repository is read again."""


def look(chosen: Settings, *, fresh: bool = False) -> dict[str, Any]:
    """Returns the status. `fresh` reads the repositories now, and not only after a minute."""
    now = time.time()
    archiver, error = None, ""
    try:
        archiver = Live(chosen).archiver()
    except Failure as failure:
        error = str(failure)
    before = state.read("seen.json")
    seen = {each.name: _see(each, archiver, before.get(each.name, {}), now, fresh) for each in repositories(chosen)}
    count, waited_s = archive.waiting(now)
    status: dict[str, Any] = {
        "at": state.iso(now),
        "repositories": {
            name: {key: each[key] for key in ("kind", "backups", "ranges", "error")} for name, each in seen.items()
        },
        "archive": {
            "last_wal": archiver.last_wal if archiver else "",
            "last_time": archiver.last_time if archiver else "",
            "waiting": count,
            "waiting_s": round(waited_s),
            "error": error or (f"archiving {archiver.failed_wal} fails" if archiver and archiver.failed_wal else ""),
        },
        "verify": problems.verify_status(),
        "keys_printed": (places.STATE / "keys-printed").exists(),
    }
    status["problems"] = problems.every(chosen, status, seen, first_backup(seen), now)
    state.write("seen.json", seen)
    return status


def first_backup(seen: dict[str, Any]) -> float | None:
    """Returns when the oldest backup of the first repository ended."""
    backups = seen.get(FIRST, {}).get("backups", [])
    return state.seconds(backups[0]["ended"]) if backups else None


def _see(
    repository: Repository, archiver: Archiver | None, before: dict[str, Any], now: float, fresh: bool
) -> dict[str, Any]:
    """Reads a repository, unless it was read just now."""
    newest, place = state.memory().get(f"newest_{repository.name}"), repository.place
    before = before if before.get("place") == place else {}
    if (
        not fresh
        and before.get("newest") == newest
        and before.get("read_at", 0) <= now < before.get("read_at", 0) + READ_S
    ):
        return before
    seen: dict[str, Any] = {
        "kind": repository.settings.repositories[repository.name],
        "backups": [],
        "ranges": [],
        "error": "",
        "gap": False,
        "runs": [],
        **before,
        "place": place,
        "read_at": now,
        "newest": newest,
    }
    info = repository.info()
    if info.error:
        return seen | {"error": info.error}
    seen |= {"error": "", "backups": [_shown(backup) for backup in info.backups]}
    if _is_gone(before, seen):
        seen["gone_at"] = now
    if not archiver:
        return seen
    try:
        whole = before.get("newest") != newest
        return seen | _walk(repository, info, archiver, [] if whole else before.get("runs", []), now, seen)
    except Failure as failure:
        return seen | {"error": str(failure).removeprefix(f"{repository.subject}: ")}


def _is_gone(before: dict[str, Any], seen: dict[str, Any]) -> bool:
    """Whether the newest backup was there at the last look, and is not now. Only older ones expire."""
    known = [backup["label"] for backup in before.get("backups", [])]
    here = [backup["label"] for backup in seen["backups"]]
    return bool(known) and known[-1] not in here


def _walk(
    repository: Repository,
    info: Info,
    archiver: Archiver,
    known: list[dict[str, int]],
    now: float,
    seen: dict[str, Any],
) -> dict[str, Any]:
    """Finds gaps and ranges. All files are listed after a backup, and else those in the newest folder."""
    name = gaps.archive_id(info, archiver.system)
    if not name:
        return {"error": "holds the backups of another cluster"} if info.systems else {}
    before = [Run(**run) for run in known]
    since = archiver.wal.name(before[-1].timeline, before[-1].last) if before else ""
    found = gaps.runs(gaps.listed(repository, name, since), archiver.wal, before)
    last = archiver.last_number if repository.name == FIRST else None
    gap = gaps.has_new_gap(found, info, archiver.wal, archiver.timeline, last)
    ranges = Ranges(repository, archiver.wal, dict(seen.get("ends", {})))
    ends_open = archiver if repository.name == FIRST else None
    return {
        "ranges": ranges.of(found, info, ends_open),
        "ends": ranges.known,
        "gap": gap,
        "gap_at": now if gap and not seen.get("gap") else seen.get("gap_at"),
        "new_timeline": gaps.is_new_timeline(info, archiver.timeline),
        "runs": [asdict(run) for run in found],
    }


def _shown(backup: dict[str, Any]) -> dict[str, Any]:
    return {
        "label": backup["label"],
        "type": backup["type"],
        "begun": state.iso(backup["timestamp"]["start"]),
        "ended": state.iso(backup["timestamp"]["stop"]),
        "size": backup["info"]["size"],
        "error": bool(backup.get("error")),
    }
