"""Named locks between the steps on one host."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .failure import Failure


def is_held(name: str) -> bool:
    """Whether a process holds the lock `name` exclusively. Creates no file."""
    try:
        descriptor = os.open(_file(name), os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):  # `acquire` names the other user
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


@contextmanager
def acquire(
    name: str, timeout_s: float, timeout_message: str, *, shared: bool = False, wait_message: str = ""
) -> Iterator[None]:
    """Holds the lock `name` during the block. Raises a `Failure` with `timeout_message` after `timeout_s`.

    Prints `wait_message` if the lock is not free at once.
    """
    file = _file(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except PermissionError:
        raise Failure(
            f"{file}: belongs to another user: remove it once nothing of theirs runs, then run up again"
        ) from None
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    end = time.monotonic() + timeout_s
    try:
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise Failure(timeout_message) from None
                if wait_message:
                    print(wait_message, flush=True)
                    wait_message = ""
                time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)


def _file(name: str) -> Path:
    return Path(tempfile.gettempdir()) / f"{name}.lock"
