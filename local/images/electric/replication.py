"""Holds the lock and reads the slot. Only one Electric at a time can do this in a database."""

import os
import select
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import psycopg2
from psycopg2 import extensions
from psycopg2.errors import ObjectInUse
from psycopg2.extras import LogicalReplicationConnection, ReplicationCursor

from ..shared.database import connect
from ..shared.service import say
from .pgoutput import Decoder, Transaction

WAITING, STARTING, ACTIVE = "waiting", "starting", "active"
RETRY_SECONDS = 0.5
CONFIRM_SECONDS = 1
LOOK_SECONDS = 0.2
BATCH = 500


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Callbacks for a new slot, the start of streaming and committed transactions. Each returns once it is done."""

    new_slot: Callable[[], None]
    active: Callable[[], None]
    committed: Callable[[Sequence[Transaction]], None]


class Replication(threading.Thread):
    """Waits for the lock, creates publication and slot, and streams. Begins again if the connection is lost."""

    def __init__(self, url: str, slot: str, publication: str, *, fail: str) -> None:
        super().__init__(daemon=True)
        self.status = WAITING
        self.receiver: Receiver | None = None
        self._url, self._slot, self._publication, self._fail = url, slot, publication, fail
        self._stopping = threading.Event()
        self._waiting: extensions.connection | None = None
        self._leases = 0

    def lease(self) -> int | None:
        """Returns a number that grows each time this Electric gets the slot. None: it does not have the slot."""
        return self._leases if self.status == ACTIVE else None

    def run(self) -> None:
        """Holds lock and slot until it is stopped."""
        while not self._stopping.is_set():
            try:
                self._hold()
            except ObjectInUse as error:
                say(f"Replication slot already in use: {error}".strip())
            except psycopg2.Error as error:
                if not self._stopping.is_set():
                    say(f"[error] {type(error).__name__}: {error}".strip())
            self.status = WAITING
            self._stopping.wait(RETRY_SECONDS)

    def stop(self) -> None:
        """Releases slot and lock."""
        self._stopping.set()
        if self._waiting:
            self._waiting.cancel()
        self.join(timeout=5)

    def _hold(self) -> None:
        lock = connect(self._url)
        try:
            lock.autocommit = True
            with lock.cursor() as cursor:
                self.status, self._waiting = WAITING, lock
                say(f"Acquiring lock from postgres with name {self._slot}")
                cursor.execute("select pg_advisory_lock(hashtext(%s))", (self._slot,))
                self.status, self._waiting = STARTING, None
                say(f"Lock acquired from postgres with name {self._slot}")
            if self._fail == "lock":
                say("** (EXIT) killed: could not take the slot over")
                os._exit(1)
            if self._fail == "stay_202":
                self._stopping.wait()
                return
            self._prepare(lock)
            self._stream(lock)
        finally:
            self._waiting = None
            lock.close()

    def _prepare(self, connection: extensions.connection) -> None:
        slots = "from pg_replication_slots where slot_name = %s"
        with connection.cursor() as cursor:
            cursor.execute("select 1 from pg_publication where pubname = %s", (self._publication,))
            if cursor.fetchone() is None:
                cursor.execute(f"create publication {self._publication}")
            # A slot that max_slot_wal_keep_size has invalidated can no longer be read.
            cursor.execute(f"select pg_drop_replication_slot(slot_name) {slots} and wal_status = 'lost'", (self._slot,))
            cursor.execute(f"select 1 {slots}", (self._slot,))
            if cursor.fetchone() is None:
                # The slot is created last: after a crash in between, it is still missing.
                self._callbacks().new_slot()
                cursor.execute("select pg_create_logical_replication_slot(%s, 'pgoutput')", (self._slot,))
                say(f"Created the replication slot {self._slot}: all shapes begin again")

    def _stream(self, lock: extensions.connection) -> None:
        connection = psycopg2.connect(self._url, connection_factory=LogicalReplicationConnection)
        try:
            with connection.cursor() as cursor:
                options = {"proto_version": "1", "publication_names": self._publication}
                cursor.start_replication(slot_name=self._slot, options=options, status_interval=CONFIRM_SECONDS)
                self._leases += 1
                self.status = ACTIVE
                say(f"Replication client started streaming from {self._slot}")
                self._callbacks().active()
                decoder = Decoder()
                while not self._stopping.is_set():
                    idle = self._read(cursor, decoder)
                    if decoder.between:
                        cursor.send_feedback(flush_lsn=cursor.wal_end)
                    if lock in select.select([connection, lock], [], [], LOOK_SECONDS if idle else 0)[0]:
                        raise psycopg2.OperationalError("the connection that held the lock is gone")
        finally:
            connection.close()

    def _read(self, cursor: ReplicationCursor, decoder: Decoder) -> bool:
        """Passes on committed transactions. Returns whether there is nothing more to read."""
        batch: list[Transaction] = []
        message = None
        while len(batch) < BATCH and (message := cursor.read_message()) is not None:
            if done := decoder.feed(message.payload):
                batch.append(done)
        if batch:
            # Confirm only what is on disk.
            self._callbacks().committed(batch)
        return message is None

    def _callbacks(self) -> Receiver:
        assert self.receiver
        return self.receiver
