"""Restores the files of a volume into a folder, in a container that is made for it."""

import calendar
import os
import time
from pathlib import Path
from typing import Any

from ..failure import Failure
from . import state
from .files_restic import Missing, Restic, Snapshot
from .files_settings import FileSettings

UNFINISHED = ".sertantai-restore-unfinished"
"""A file in a volume whose restore has begun and not ended."""
FORMS = ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d")


def restore(files: FileSettings, stack: str, volume: str, target: Path, *, at: str = "") -> dict[str, Any]:
    """Restores the newest snapshot, or the last one before `at`, into a folder of the volume's name in `target`."""
    until = _seconds(at) if at else None
    restic, snapshot = _find(files, stack, volume, until)
    return _restore(restic, snapshot, target)


def recover(files: FileSettings, stack: str, volume: str, target: Path) -> dict[str, Any]:
    """As `restore`, if the folder is empty. One with files stays as it is, unless an interrupted call has begun it.

    It restores the newest snapshot with files: a later one may be of a new server's empty volume.
    """
    unfinished = target / volume / UNFINISHED
    if os.listdir(target / volume) and not unfinished.exists():
        return {"volume": volume, "result": "has files"}
    try:
        restic, snapshot = _find(files, stack, volume, None, least=1)
    except Missing:
        return {"volume": volume, "result": "has no snapshot"}
    unfinished.touch()
    restored = _restore(restic, snapshot, target)
    unfinished.unlink()
    return restored


def _find(
    files: FileSettings, stack: str, volume: str, until: float | None, *, least: int = 0
) -> tuple[Restic, Snapshot]:
    """Finds the snapshot, with at least so many files, in the first repository that has one."""
    failures: list[Failure] = []
    for place in files.places:
        restic = Restic(place, stack, cached=False)
        try:
            found = [each for each in restic.snapshots() if each.volume == volume and each.files >= least]
        except Missing:
            continue
        except Failure as failure:
            failures.append(failure)
            continue
        if before := [snapshot for snapshot in found if until is None or snapshot.time <= until]:
            return restic, before[-1]
        if found:
            failures.append(
                Failure(f"{place.subject}: its first snapshot of {volume} is of {state.iso(found[0].time)}")
            )
    if failures:
        raise Failure("\n".join(map(str, failures)))
    raise Missing(f"backup: no repository has a snapshot of {volume}")


def _restore(restic: Restic, snapshot: Snapshot, target: Path) -> dict[str, Any]:
    restic.restore(snapshot, target)
    values = {"volume": snapshot.volume, "result": "restored", "repository": restic.place.setting}
    return {**values, "time": state.iso(snapshot.time), "files": snapshot.files, "bytes": snapshot.bytes}


def _seconds(text: str) -> float:
    for form in FORMS:
        try:
            return calendar.timegm(time.strptime(text, form))
        except ValueError:
            continue
    raise Failure(f"--at {text}: is no time such as 2026-11-24 03:15, in UTC")
