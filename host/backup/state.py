"""What the program remembers between two turns, and the lock of whoever works."""

import calendar
import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import get_ident
from typing import Any

from ..failure import Failure
from . import places

POLL_S = 0.5
FORMAT = "%Y-%m-%dT%H:%M:%SZ"


def read(name: str) -> dict[str, Any]:
    """Reads a JSON file of the state. A missing or broken file is empty: nothing in it cannot be found out again."""
    for folder in (places.SPARE, places.STATE):
        with suppress(OSError, ValueError):
            values: dict[str, Any] = json.loads((folder / name).read_text())
            return values if isinstance(values, dict) else {}
    return {}


def write(name: str, values: dict[str, Any]) -> None:
    """Writes a JSON file of the state, whole or not at all. With a full disk it goes to memory: alerts need it then."""
    text = json.dumps(values, indent=1, sort_keys=True)
    try:
        _replace(places.STATE / name, text)
        (places.SPARE / name).unlink(missing_ok=True)
    except OSError:
        try:
            places.SPARE.mkdir(exist_ok=True)
            _replace(places.SPARE / name, text)
        except OSError as error:
            raise Failure(f"backup: its state cannot be written ({error.strerror}): make room on the disk") from None


def _replace(file: Path, text: str) -> None:
    aside = file.with_name(f"{file.name}.{os.getpid()}-{get_ident()}.new")
    try:
        aside.write_text(text)
        os.replace(aside, file)
    finally:
        aside.unlink(missing_ok=True)


def remember(**values: Any) -> None:
    """Changes some values of what is remembered."""
    write("memory.json", {**read("memory.json"), **values})


def memory() -> dict[str, Any]:
    """Returns what is remembered."""
    return read("memory.json")


@contextmanager
def lock(name: str = "lock", *, wait_s: float = 0) -> Iterator[bool]:
    """Yields whether this process has the lock. A killed process does not keep it."""
    descriptor = os.open(places.STATE / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    end = time.monotonic() + wait_s
    try:
        yield _acquire(descriptor, end)
    finally:
        os.close(descriptor)


@contextmanager
def exclusive(wait_s: float) -> Iterator[None]:
    """Holds the lock, for which it waits. Raises a `Failure` after `wait_s`."""
    with lock(wait_s=wait_s) as mine:
        if not mine:
            raise Failure(f"backup: another backup or restore test still runs after {wait_s:.0f} s; try again later")
        yield


def is_busy() -> bool:
    """Whether a process works."""
    with lock() as free:
        return not free


def _acquire(descriptor: int, end: float) -> bool:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        except BlockingIOError:
            if time.monotonic() >= end:
                return False
            time.sleep(POLL_S)


def iso(at: float) -> str:
    """Returns a time as text, in UTC."""
    return time.strftime(FORMAT, time.gmtime(at))


def seconds(text: str) -> float:
    """Returns the seconds since 1970 of a time's text."""
    return calendar.timegm(time.strptime(text, FORMAT))
