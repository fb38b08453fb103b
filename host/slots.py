"""Replication slots and restores: while a dump is put in, a new slot would wait for the end of it."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from . import lock


def lock_name(stack: str) -> str:
    """The lock that a restore holds alone, and that all who need a slot share."""
    return f"sertantai-{stack}-slots"


@contextmanager
def after_restore(stack: str, what: str) -> Iterator[None]:
    """Waits for the end of a restore, also of another service's, and keeps new ones waiting for a block."""
    with lock.held(lock_name(stack), math.inf, "", shared=True, waits=f"{what}: waits for a restore to end"):
        yield
