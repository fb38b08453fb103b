"""Copies WAL from the first repository to the second one.

PostgreSQL archives to the first one alone: if it archived to both, one that is down would stop the other one too.
"""

import time
from collections.abc import Iterator

from ..failure import Failure
from . import archive, gaps, places, state
from .gaps import Run
from .pgbackrest import Repository
from .postgres import Archiver, Live
from .settings import FIRST, SECOND, Settings

COPY_S = 60
"""Seconds of one turn for copying, so that nothing else waits for a slow repository."""
CHECK_S = 180
# At once, and never dropped.
PUSH = ("--no-archive-async", "--reset-archive-push-queue-max")


def copy(chosen: Settings, archiver: Archiver, *, floor: str = "", limit_s: float = COPY_S) -> int:
    """Copies the WAL files that are newer than the second's newest. Returns how many were copied.

    `floor` is where to begin in an empty repository. Raises a `Failure` if either repository refuses.
    """
    first, second = Repository(FIRST, chosen), Repository(SECOND, chosen)
    between = [first.place, second.place]
    if state.memory().get("between") != between:
        state.remember(between=between, copied=None, copied_until=None, behind=None)
    if not floor and state.memory().get("copied_until") == archiver.last_wal:
        return 0
    end, count = time.monotonic() + limit_s, 0
    for name in _missing(first, second, archiver, floor):
        if time.monotonic() >= end:
            state.remember(behind=state.memory().get("behind") or time.time())
            return count
        _copy_file(first, second, name, archiver.wal.size)
        count += 1
    state.remember(behind=None, copied_until=archiver.last_wal)
    return count


def check(chosen: Settings) -> None:
    """Tests that the newest WAL file of the first repository arrives in the second one."""
    live, second = Live(chosen), Repository(SECOND, chosen)
    lsn = archive.switch(live)
    archive.wait_until_archived(live, Repository(FIRST, chosen), lsn, CHECK_S)
    archiver = live.archiver()
    name = archiver.wal.name(archiver.timeline, archiver.wal.last_number(lsn))
    copy(chosen, archiver, floor=name, limit_s=CHECK_S)
    id_ = gaps.archive_id(second.info(), archiver.system)
    if name not in gaps.listed(second, id_, name):
        raise Failure(f"{second.subject}: is still behind; the next turns copy the rest")


def _missing(first: Repository, second: Repository, archiver: Archiver, floor: str) -> Iterator[str]:
    here, there = first.info(), second.info()
    if there.error:
        raise Failure(f"{second.subject}: {there.error}")
    if here.error:
        raise Failure(f"{second.subject}: gets no WAL, since {first.subject} cannot be read: {here.error}")
    source, target = gaps.archive_id(here, archiver.system), gaps.archive_id(there, archiver.system)
    if not target:
        return
    # A full listing once; after that, the folder of the newest file.
    newest = str(state.memory().get("copied") or "")
    copied = gaps.runs(gaps.listed(second, target, newest), archiver.wal)
    done = max(copied, key=lambda run: (run.timeline, run.last), default=None)
    start = archiver.wal.name(done.timeline, done.last + 1) if done else floor
    if not start:
        return
    history = _history(done, archiver)
    if history:
        yield history
    for name in sorted(gaps.listed(first, source, start)):
        if name >= start:
            yield name


def _history(done: Run | None, archiver: Archiver) -> str:
    """Returns the file that a recovery needs to follow a new timeline."""
    if archiver.timeline > 1 and (not done or done.timeline < archiver.timeline):
        return f"{archiver.timeline:08X}.history"
    return ""


def _copy_file(first: Repository, second: Repository, name: str, size: int) -> None:
    """Copies one file. pgBackRest takes a cut one too: only one process at a time writes it, and its size is read."""
    file = places.STATE / "copy" / name
    with state.lock("copying", wait_s=CHECK_S) as mine:
        if not mine:
            raise Failure(f"{second.subject}: {name} is not copied, since another copy still runs; it is tried again")
        file.parent.mkdir(exist_ok=True)
        try:
            first.run("--no-archive-async", "archive-get", name, str(file))
            if not name.endswith(".history") and file.stat().st_size != size:
                raise Failure(f"{second.subject}: {name} is not copied, since {first.subject} has only a part of it")
            second.run(*PUSH, "archive-push", str(file))
        finally:
            file.unlink(missing_ok=True)
    if not name.endswith(".history"):
        state.remember(copied=name)
