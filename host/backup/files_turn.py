"""One turn of the container of files: makes the snapshots that are due, and the restore test."""

import signal
import sys
import time
from collections.abc import Sequence
from typing import Any

from ..failure import Failure
from . import files_settings, files_status, files_verify, last_test, schedule, state
from .files_restic import Locked, Missing, Restic
from .files_settings import FileSettings, Place
from .looking import looking
from .settings import Settings

BEFORE_TEST_S = 3600
"""Seconds before the time of the restore test at which the snapshots are due."""


def turn(chosen: Settings, files: FileSettings) -> dict[str, Any]:
    """Does one turn. A failure of one repository or volume is a problem in the status, and stops nothing else."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that restic ends too, and removes its lock
    files_status.observe(chosen, files)
    done: list[str] = []
    with state.lock() as mine:
        if not mine:
            return {"done": done, "busy": True}
        files_verify.clear()  # of a killed run
        with looking(lambda: files_status.observe(chosen, files)):
            for place in files.places:
                if volumes := due(place, chosen.verify, time.time()):
                    back_up(place, chosen.stack, files, volumes)
                    done.append(f"{place.setting}: {' '.join(volumes)}")
            if is_test_due(chosen.verify, time.time()):
                done.append(f"verify: {files_verify.verify(files, chosen.stack)['result']}")
    if done:
        files_status.observe(chosen, files)
    return {"done": done, "busy": False}


def due(place: Place, verify: str, now: float) -> list[str]:
    """Returns the volumes whose snapshot is due: each day an hour before the restore test, and at once if none is."""
    seen = state.memory().get(place.setting) or {}
    if seen.get("url") == place.url and seen.get("failed_at", 0) <= now < seen.get("failed_at", 0) + schedule.RETRY_S:
        return []
    return [
        volume for volume in files_settings.volumes() if _is_due(seen.get("volumes", {}).get(volume) or {}, verify, now)
    ]


def is_test_due(verify: str, now: float) -> bool:
    """Whether the restore test of files is due."""
    return last_test.is_due(verify, now, first_backup=state.memory().get("first_snapshot"))


def back_up(place: Place, stack: str, files: FileSettings, volumes: Sequence[str]) -> bool:
    """Makes a snapshot of each volume, and removes old ones. Returns whether all succeeded. The caller has the lock."""
    restic, now = Restic(place, stack), time.time()
    seen: dict[str, Any] = state.memory().get(place.setting) or {}
    if seen.get("url") != place.url:
        seen = {"url": place.url}
    seen |= {"error": "", "failed_at": 0}
    known: dict[str, dict[str, Any]] = seen.setdefault("volumes", {})
    try:
        _open(restic, seen, now)
        for volume in volumes:
            known[volume] = {**known.get(volume, {}), "error": "", **_snapshot(restic, volume)}
        _count(restic, known)
        if any(each.get("newest") for each in known.values()) and not state.memory().get("first_snapshot"):
            state.remember(first_snapshot=now)
        _tidy(restic, files)
        _count(restic, known)
    except Failure as failure:
        seen["error"] = str(failure)
    good = not seen["error"] and not any(known[volume].get("error") for volume in volumes)
    if not good:
        seen["failed_at"] = now
    state.remember(**{place.setting: seen})
    return good


def _open(restic: Restic, seen: dict[str, Any], now: float) -> None:
    """Creates the repository if there is none. Remembers one that was there before."""
    try:
        seen["id"] = restic.open()
    except Missing:
        new = restic.create()
        if seen.get("id"):
            seen["anew_at"] = now
        seen["id"] = new
    restic.unlock()


def _snapshot(restic: Restic, volume: str) -> dict[str, Any]:
    try:
        return {"unreadable": restic.back_up(volume)[:3]}
    except Failure as failure:
        return {"error": str(failure)}


def _count(restic: Restic, known: dict[str, dict[str, Any]]) -> None:
    """Takes the number of snapshots, and the newest one's size, from the repository."""
    found = restic.snapshots()
    for volume, values in known.items():
        own = [snapshot for snapshot in found if snapshot.volume == volume]
        if own:
            *_, before, newest = [own[0], *own]
            values |= {
                "snapshots": len(own),
                "newest": state.iso(newest.time),
                "files": newest.files,
                "bytes": newest.bytes,
                "lost_files": 0 if newest.files else before.files,
            }


def _tidy(restic: Restic, files: FileSettings) -> None:
    try:
        restic.forget(files.keep_daily, files.keep_weekly)
    except Locked as locked:  # it is done tomorrow
        print(locked, file=sys.stderr, flush=True)


def _is_due(values: dict[str, Any], verify: str, now: float) -> bool:
    if not values.get("newest"):
        return True
    newest = state.seconds(values["newest"])
    at = schedule.last_day_time(verify, now + BEFORE_TEST_S) - BEFORE_TEST_S
    return newest < at or newest > now + schedule.CLOCK_S or bool(values.get("error"))
