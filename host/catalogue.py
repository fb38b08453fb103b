"""Keeps a database's migrations and the rights of its readers apart: both change the same rows of its catalogue."""

import math
from collections.abc import Iterator
from contextlib import contextmanager

from . import lock


@contextmanager
def wait_for_migration(postgres: str, database: str, subject: str, *, migrates: bool = False) -> Iterator[None]:
    """Waits for the end of any migration of the database, and makes new ones wait during the block.

    As long as it takes: a migration has its own limit. A block that `migrates` is alone, others run at the same time.
    `postgres` is the container.
    """
    message = f"{subject}: waits for another service's migration of {database} to end"
    name = f"{postgres}-database-{database}"
    with lock.acquire(name, math.inf, "", shared=not migrates, wait_message=message):
        yield
