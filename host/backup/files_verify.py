"""The restore test of files: each newest snapshot is restored, and compared with the live volume."""

import os
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..failure import Failure
from . import files_settings, places, state
from .files_restic import Restic, Snapshot
from .files_settings import FileSettings

PARTS = 7
"""Each night reads another part of all data in a repository."""
PIECE = 1 << 20
FREE_MB = 64
SHOWN = 5


@dataclass
class Compared:
    """The restored files of a volume, those that were equal to the live ones, and the names of those that differ."""

    files: int = 0
    equal: int = 0
    different: list[str] = field(default_factory=list)


def verify(files: FileSettings, stack: str) -> dict[str, Any]:
    """Tests all repositories and returns the result. The caller has the lock."""
    begun = time.time()
    result: dict[str, Any] = {"at": state.iso(begun), "took_s": 0, "result": "running", "files": 0, "compared": 0}
    state.write("verify.json", result | {"error": ""})
    errors: list[str] = []
    for place in files.places:
        restic = Restic(place, stack)
        try:
            newest = {snapshot.volume: snapshot for snapshot in restic.snapshots()}
        except Failure as failure:
            errors.append(str(failure))
            continue
        for volume in files_settings.volumes():
            try:
                compared = _test(restic, volume, newest.get(volume))
                result["files"] += compared.files
                result["compared"] += compared.equal
            except Failure as failure:
                errors.append(str(failure))
        try:
            restic.check(f"{time.gmtime(begun).tm_wday + 1}/{PARTS}")
        except Failure as failure:
            errors.append(str(failure))
    result |= {"took_s": round(time.time() - begun), "result": "bad" if errors else "good", "error": "\n".join(errors)}
    state.write("verify.json", result)
    return result


def clear() -> None:
    """Removes what a test has restored."""
    shutil.rmtree(places.SCRATCH, ignore_errors=True)


def _test(restic: Restic, volume: str, snapshot: Snapshot | None) -> Compared:
    subject = f"{restic.place.subject}: volume {volume}"
    if not snapshot:
        raise Failure(f"{subject}: has no snapshot to restore")
    clear()
    places.SCRATCH.mkdir()
    try:
        free = shutil.disk_usage(places.SCRATCH).free
        if free < snapshot.bytes + (FREE_MB << 20):
            raise Failure(
                f"{subject}: the restore test needs {(snapshot.bytes >> 20) + FREE_MB} MB and {free >> 20} MB are free "
                "on the disk for data; make room"
            )
        restic.restore(snapshot, places.SCRATCH)
        compared = compare(places.SCRATCH / volume, files_settings.VOLUMES / volume, snapshot.time)
    finally:
        clear()
    if compared.files != snapshot.files:
        raise Failure(f"{subject}: {compared.files} files were restored and the snapshot has {snapshot.files}")
    if compared.different:
        names = ", ".join(compared.different[:SHOWN])
        raise Failure(
            f"{subject}: {len(compared.different)} restored files differ from the live ones, which have the same size "
            f"and time: {names}; compare them before anything else is changed"
        )
    return compared


def compare(restored: Path, live: Path, at: float) -> Compared:
    """Compares each restored file with the live one, if that has the same size and time, and has not changed since."""
    compared = Compared()
    for path in _regular_files(restored):
        compared.files += 1
        name = path.relative_to(restored)
        equal = _equal(path, live / name, at)
        compared.equal += equal is True
        if equal is False:
            compared.different.append(str(name))
    return compared


def _regular_files(folder: Path) -> Iterator[Path]:
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if stat.S_ISREG(path.lstat().st_mode):
                yield path


def _equal(restored: Path, live: Path, at: float) -> bool | None:
    """Whether both have the same bytes. None: the live one has changed, or is gone."""
    try:
        # An app may put a link or a pipe in the place of its file at any time.
        descriptor = os.open(live, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with restored.open("rb") as old, open(descriptor, "rb") as new:
        if _version(new.fileno()) != _version(old.fileno()):
            return None
        while piece := old.read(PIECE):
            if piece != new.read(len(piece)):
                break
        else:
            return True
        # An app can give a changed file its previous time, but never this one.
        return None if os.fstat(new.fileno()).st_ctime > at else False


def _version(descriptor: int) -> tuple[bool, int, int]:
    values = os.fstat(descriptor)
    return stat.S_ISREG(values.st_mode), values.st_size, values.st_mtime_ns
