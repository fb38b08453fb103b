"""The shapes of a database: created at the first request, updated by the replication stream."""

import asyncio
import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence

import psycopg2

from ..shared.database import Pool
from . import messages, tables, where
from .definition import Definition, Invalid
from .offset import Offset
from .pgoutput import Change, Transaction
from .storage import Entry, Shape, Storage

PAUSE_S = 0.02
TRIES = 250
LOCK_TIMEOUT = "set local lock_timeout = '5s'"


class NotReady(Exception):
    """The shape cannot be served yet: only the Electric with the slot creates shapes."""


class Shapes:
    """Creates and updates shapes, and signals their changes. `lease` returns None without the slot."""

    def __init__(
        self, pool: Pool, publication: str, storage: Storage, chunk_bytes: int, lease: Callable[[], int | None]
    ) -> None:
        self._pool, self._publication, self._storage = pool, publication, storage
        self._chunk_bytes, self._lease = chunk_bytes, lease
        self._making, self._turn = asyncio.Lock(), asyncio.Lock()
        self._recent: deque[int] = deque(maxlen=1000)
        self._changed: dict[str, asyncio.Event] = {}
        self.leads = False
        """Whether this Electric has had the slot since its start."""
        self._at_start = {shape.handle: storage.end(shape.handle) for shape in storage.shapes()}

    def end(self, handle: str) -> Offset:
        """Returns the end of a shape's log.

        Before this Electric has the slot, it is the end at its start: it does not follow the other Electric.
        """
        return self._storage.end(handle) if self.leads else self._at_start[handle]

    def changed(self, handle: str) -> asyncio.Event:
        """Returns an event that is set at the next change of a shape."""
        return self._changed.setdefault(handle, asyncio.Event())

    async def lead(self) -> None:
        """Serves all shapes from now on."""
        self.leads = True
        await self._wake()

    async def _wake(self) -> None:
        for event in self._changed.values():
            event.set()
        self._changed.clear()

    async def clear(self) -> None:
        """Deletes all shapes. Clients have to fetch them again."""
        async with self._turn:
            self._storage.clear()
        await self._wake()

    async def get(self, wanted: Definition) -> Shape:
        """Finds or creates the shape of a definition. Raises `Invalid` if the database has no such table or column."""
        if shape := self._storage.find(wanted.key):
            if self.leads or shape.handle in self._at_start:
                return shape
            raise NotReady  # created after the start
        async with self._making:
            return self._storage.find(wanted.key) or await self._make(wanted)

    async def apply(self, batch: Sequence[Transaction]) -> None:
        """Stores a batch of the stream. A shape ends if its table was truncated or changed."""
        async with self._turn:
            stored, shapes = self._storage.stored(), self._storage.shapes()
            entries: list[Entry] = []
            gone: set[str] = set()
            for transaction in batch:
                self._recent.append(transaction.xid)
                # A stored batch that was not confirmed is sent again.
                for shape in shapes if transaction.lsn > stored else []:
                    changes = [one for one in enumerate(transaction.changes) if one[1].relation.oid == shape.oid]
                    if not changes or shape.handle in gone or shape.snapshot.saw(transaction.xid):
                        continue
                    if any(_ends(shape, change) for _, change in changes):
                        gone.add(shape.handle)
                        continue
                    try:
                        taken = await asyncio.to_thread(self._taken, shape, changes) if shape.where else changes
                    except psycopg2.OperationalError:
                        raise
                    except psycopg2.Error:  # its `where` is no longer valid
                        gone.add(shape.handle)
                        continue
                    # A change of a row's key becomes two messages.
                    places = [(2 * number, change) for number, change in taken]
                    entries.extend(messages.entries(shape, transaction, places))
            self._storage.append(batch[-1].lsn, [entry for entry in entries if entry.handle not in gone], gone)
        for handle in {entry.handle for entry in entries} | gone:
            self._changed.pop(handle, asyncio.Event()).set()

    async def _make(self, wanted: Definition) -> Shape:
        lease = self._lease()
        if lease is None:
            raise NotReady
        table, clause = await asyncio.to_thread(self._check, wanted)
        # The stream waits, so each change is either in the snapshot or comes after it.
        async with self._turn:
            shape, chunks = await asyncio.to_thread(self._take, wanted, table, clause)
            if self._lease() != lease:
                raise NotReady
            self._storage.add(shape, chunks)
        return shape

    def _check(self, wanted: Definition) -> tuple[tables.Table, str | None]:
        clause = None
        with self._pool.cursor() as cursor:
            cursor.execute(LOCK_TIMEOUT)
            table = tables.find(cursor, wanted)
            table.chosen(wanted.columns)
            if wanted.where:
                clause = _clause(wanted, table)
                try:
                    tables.try_where(cursor, wanted, clause)
                except psycopg2.OperationalError:
                    raise
                except psycopg2.Error as error:
                    raise Invalid({"where": [str(error).splitlines()[0]]}) from error
            tables.publish(cursor, self._publication, table, wanted)
        return table, clause

    def _take(self, wanted: Definition, table: tables.Table, clause: str | None) -> tuple[Shape, list[str]]:
        for _ in range(TRIES):
            with self._pool.cursor() as cursor:
                snapshot = tables.snapshot(cursor)
                # The stream may deliver a commit a moment before snapshots see it.
                if not all(snapshot.saw(xid) for xid in self._recent):
                    time.sleep(PAUSE_S)
                    continue
                cursor.execute(LOCK_TIMEOUT)
                shape = Shape(
                    handle=f"{10**7 + secrets.randbelow(9 * 10**7)}-{time.time_ns() // 1000}",
                    key=wanted.key,
                    oid=table.oid,
                    schema=wanted.schema,
                    table=wanted.table,
                    wire=[(column.name, column.oid) for column in table.columns if not column.generated],
                    described={column.name: column.described() for column in table.chosen(wanted.columns)},
                    primary_key=table.primary_key,
                    where=clause,
                    replica=wanted.replica,
                    snapshot=snapshot,
                )
                rows = tables.rows(cursor, shape) if wanted.log == "full" else ()
                return shape, list(messages.chunks(shape, rows, self._chunk_bytes))
        raise NotReady

    def _taken(self, shape: Shape, changes: Sequence[tuple[int, Change]]) -> list[tuple[int, Change]]:
        """Returns the changes for a shape with a `where`: it inserts rows that enter, and deletes rows that leave."""
        rows = [row for _, change in changes for row in (change.old, change.new) if row]
        with self._pool.cursor() as cursor:
            answers = iter(tables.included(cursor, shape, rows))
        found = []
        for number, change in changes:
            before, after = (row if row and next(answers) else None for row in (change.old, change.new))
            if before or after:
                kind = "update" if before and after else "delete" if before else "insert"
                found.append((number, Change(kind, change.relation, before, after)))
        return found


def _clause(wanted: Definition, table: tables.Table) -> str:
    # Generated columns are not in the stream.
    names = [column.name for column in table.columns if not column.generated]
    try:
        return where.read(wanted.where or "", wanted.params, names)
    except where.BadWhere as error:
        raise Invalid({"where": [str(error)]}) from error


def _ends(shape: Shape, change: Change) -> bool:
    now = change.relation
    return change.kind == "truncate" or (now.schema, now.name, now.columns) != (shape.schema, shape.table, shape.wire)
