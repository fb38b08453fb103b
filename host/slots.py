"""Replication slots and restores: while a dump is put in, a new slot would wait for the end of it."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from . import lock
from .failure import Failure


def lock_name(stack: str) -> str:
    """The lock that a restore holds alone, and that all who need a slot share."""
    return f"sertantai-{stack}-slots"


@contextmanager
def after_restore(stack: str, what: str) -> Iterator[None]:
    """Waits for the end of a restore, also of another service's, and keeps new ones waiting for a block."""
    name = lock_name(stack)
    with ExitStack() as held:
        try:
            held.enter_context(lock.held(name, 0, "", shared=True))
        except Failure:
            print(f"{what}: waits for a restore to end", flush=True)
            held.enter_context(lock.held(name, math.inf, "", shared=True))
        yield
