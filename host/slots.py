"""Keeps new replication slots and restores apart: a new slot would wait for the end of a restore."""

import math
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from . import lock


def lock_name(stack: str) -> str:
    """Returns the name of the lock that a restore holds exclusively. Steps that need a slot share it."""
    return f"sertantai-{stack}-slots"


def fingerprints(stack: str) -> dict[str, str]:
    """Returns a new value at each call while a restore runs: each release's preflight runs again then, and waits.

    A killed `up` leaves its restore to the host. The next one must not start an app between the rows of the dump.
    """
    return {"restore": f"runs-{uuid.uuid4().hex[:12]}"} if lock.is_held(lock_name(stack)) else {}


@contextmanager
def wait_for_restore(stack: str, subject: str) -> Iterator[None]:
    """Waits for the end of any service's restore, and makes new restores wait during the block."""
    with lock.acquire(
        lock_name(stack), math.inf, "", shared=True, wait_message=f"{subject}: waits for a restore to end"
    ):
        yield
