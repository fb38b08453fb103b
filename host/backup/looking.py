"""Looks now and then while a long backup or test runs."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Event, Thread

LOOK_S = 15


@contextmanager
def looking(look: Callable[[], None]) -> Iterator[None]:
    """Calls `look` every 15 seconds during the block."""
    ended = Event()

    def run() -> None:
        while not ended.wait(LOOK_S):
            look()

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
