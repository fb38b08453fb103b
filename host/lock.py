"""Locks between steps on one host, by name."""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .failure import Failure


@contextmanager
def held(name: str, wait_s: float, taken: str, *, shared: bool = False, waits: str = "") -> Iterator[None]:
    """Holds the lock `name` for a block; a `Failure` that says `taken` if it is not free within `wait_s`.

    `waits` is printed if it is not free at once.
    """
    folder = Path(tempfile.gettempdir())
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    end = time.monotonic() + wait_s
    try:
        while True:
            try:
                fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise Failure(taken) from None
                if waits:
                    print(waits, flush=True)
                    waits = ""
                time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)
