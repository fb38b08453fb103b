"""What the program remembers between two turns, and the lock of whoever works."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..failure import Failure
from ..memory import Memory
from ..times import iso as iso
from ..times import seconds as seconds
from . import places

POLL_S = 0.5


def read(name: str) -> dict[str, Any]:
    """Reads a JSON file of the state."""
    return Memory(places.STATE, places.SPARE).read(name)


def write(name: str, values: dict[str, Any]) -> None:
    """Writes a JSON file of the state. With a full disk it goes to memory: the health check and alerts need it then."""
    try:
        Memory(places.STATE, places.SPARE).write(name, values)
    except OSError as error:
        raise Failure(f"backup: its state cannot be written ({error.strerror}): make room on the disk") from None


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
