"""One turn: looks at everything, and does what is due."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from ..failure import Failure
from . import check, last_test, look, make, open_wal, schedule, scratch, second, state, verify
from .looking import looking
from .pgbackrest import Repository, repositories
from .postgres import Live
from .settings import FIRST, SECOND, Settings


def turn(chosen: Settings) -> dict[str, Any]:
    """Does one turn. A failure of one thing is a problem in the status, and stops nothing else."""
    observe(chosen)
    done: list[str] = []
    with state.lock() as mine:
        if not mine:  # somebody makes a backup or a test by hand
            return {"done": done, "busy": True}
        scratch.clear()  # what a killed run has left
        with looking(lambda: observe(chosen)):
            done += _backups(chosen)
            done += _verify(chosen)
    if done:
        observe(chosen)
    return {"done": done, "busy": False}


def observe(chosen: Settings) -> None:
    """Writes the status, which the watch container reads. No commit waits for long in an open WAL file."""
    state.write("status.json", look.look(chosen))
    with suppress(Failure):  # the status says why PostgreSQL does not answer
        open_wal.end_if_late(Live(chosen))


def _backups(chosen: Settings) -> Iterator[str]:
    for repository in repositories(chosen):
        try:
            if repository.name == SECOND:
                yield from _copy(chosen)
            if kind := due(repository, time.time()):
                yield f"{repository.name}: {kind} {backup(repository, kind)}"
        except Failure as failure:
            print(failure, file=sys.stderr, flush=True)


def due(repository: Repository, now: float) -> str:
    """Returns the type of the backup that is due, or an empty text."""
    seen = state.read("seen.json").get(repository.name, {})
    if seen.get("error"):
        return ""  # a failed attempt would take a minute and say nothing new
    made = [schedule.Made(backup["type"], state.seconds(backup["begun"])) for backup in seen.get("backups", [])]
    failed = (state.memory().get(f"failed_{repository.name}") or {}).get("at", 0)
    settings, gap = repository.settings, bool(seen.get("gap") or seen.get("new_timeline"))
    return schedule.due_backup(made, settings.full, settings.differential_hours, now, failed_at=failed, gap=gap)


def backup(repository: Repository, kind: str) -> str:
    """Makes a backup with all that belongs to it, and returns its label. The caller has the lock.

    Raises a `Failure`, which is a problem until the next backup succeeds.
    """
    failed = f"failed_{repository.name}"
    try:
        check.prepare(repository)
        label = make.make(repository, kind, _meanwhile(repository))
    except Failure as failure:
        state.remember(**{failed: {"at": time.time(), "error": str(failure)}})
        raise
    state.remember(**{failed: None, f"newest_{repository.name}": label})
    return label


def _meanwhile(repository: Repository) -> Callable[[], None]:
    """Returns what a backup needs while it runs: the second repository gets its WAL from this program."""
    if repository.name == FIRST:
        return lambda: None
    chosen = repository.settings
    floor = Live(chosen).archiver().last_wal[:24]
    return lambda: _copy_meanwhile(chosen, floor)


def _copy(chosen: Settings) -> Iterator[str]:
    """Copies new WAL to the second repository."""
    try:
        if count := second.copy(chosen, Live(chosen).archiver()):
            yield f"second: {count} WAL files"
        state.remember(copy_error="")
    except Failure as failure:
        state.remember(copy_error=str(failure))
        raise


def _copy_meanwhile(chosen: Settings, floor: str) -> None:
    """The backup waits for its WAL, and fails with a reason of its own if it does not come."""
    with suppress(Failure):
        second.copy(chosen, Live(chosen).archiver(), floor=floor)


def _verify(chosen: Settings) -> Iterator[str]:
    first = look.first_backup(state.read("seen.json"))
    if last_test.is_due(chosen.verify, time.time(), first_backup=first):
        try:
            yield f"verify: {verify.verify(chosen)['result']}"
        except Failure as failure:
            print(failure, file=sys.stderr, flush=True)
