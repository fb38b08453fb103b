"""Keeps new replication slots and restores apart: a new slot would wait for the end of a restore."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from . import lock


def lock_name(stack: str) -> str:
    """Returns the name of the lock that a restore holds exclusively. Steps that need a slot share it."""
    return f"sertantai-{stack}-slots"


def restore_runs(stack: str) -> bool:
    """Whether any service's restore runs now."""
    return lock.is_held(lock_name(stack))


@contextmanager
def wait_for_restore(stack: str, subject: str) -> Iterator[None]:
    """Waits for the end of any service's restore, and makes new restores wait during the block."""
    with lock.acquire(
        lock_name(stack), math.inf, "", shared=True, wait_message=f"{subject}: waits for a restore to end"
    ):
        yield
