"""Connections to PostgreSQL, and a pool of them."""

import queue
import select
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg2
from psycopg2 import extensions

from .service import say


def connect(url: str) -> extensions.connection:
    """Connects to the database at an Ecto or libpq URL."""
    return psycopg2.connect(url.replace("ecto://", "postgresql://", 1), connect_timeout=5)


class Pool:
    """A fixed number of connections, opened at start and again after the server has closed them."""

    def __init__(self, url: str, size: int) -> None:
        self._url = url
        self._free: queue.LifoQueue[extensions.connection | None] = queue.LifoQueue()
        for _ in range(size):
            self._free.put(None)
        threading.Thread(target=self._open, args=(size,), daemon=True).start()

    @contextmanager
    def cursor(self) -> Iterator[extensions.cursor]:
        """Yields a cursor in its own transaction."""
        connection = self._free.get(timeout=15)
        try:
            if connection is None or connection.closed or select.select([connection], [], [], 0)[0]:
                connection = connect(self._url)
            with connection, connection.cursor() as cursor:
                yield cursor
        finally:
            self._free.put(connection)

    def _open(self, size: int) -> None:
        taken = [self._free.get() for _ in range(size)]
        for connection in taken:
            try:
                connection = connection or connect(self._url)
            except psycopg2.Error as error:
                say(f"[error] cannot connect to the database: {error}".strip())
            self._free.put(connection)
