"""The shapes on disk: one SQLite file. The active Electric writes it, and all that share the folder read it."""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from .offset import SNAPSHOT_END, START, Offset

TABLES = """
    create table if not exists shapes (handle text primary key, key text not null unique, about text not null);
    create table if not exists snapshots (handle text, number integer, body text, primary key (handle, number))
        without rowid;
    create table if not exists log (handle text, lsn integer, number integer, body text,
        primary key (handle, lsn, number)) without rowid;
    create table if not exists stored (lsn integer not null);
    insert into stored select 0 where not exists (select 1 from stored);
    create table if not exists version (name text not null);
"""
FORGET = (
    "delete from shapes where handle = ?",
    "delete from snapshots where handle = ?",
    "delete from log where handle = ?",
)
FORGET_ALL = ("delete from shapes", "delete from snapshots", "delete from log", "update stored set lsn = 0")


class Snapshot(NamedTuple):
    """The transactions that a snapshot saw. Their numbers have no epoch, as in the stream."""

    xmin: int
    xmax: int
    running: list[int]

    def saw(self, xid: int) -> bool:
        """Whether the snapshot contains this transaction's changes."""
        return _before(xid, self.xmin) or (_before(xid, self.xmax) and xid not in self.running)


@dataclass(frozen=True, kw_only=True)
class Shape:
    """A stored shape. `where` is our own SQL, and `wire` has the columns as the stream describes them."""

    handle: str
    key: str
    oid: int
    schema: str
    table: str
    wire: list[tuple[str, int]]
    described: dict[str, dict[str, object]]
    primary_key: list[str]
    where: str | None
    replica: str
    snapshot: Snapshot


class Entry(NamedTuple):
    """A message in the log of a shape."""

    handle: str
    offset: Offset
    body: str


class Piece(NamedTuple):
    """A part of a log: messages as JSON, the end of the part, and whether the log ends there too."""

    bodies: list[str]
    end: Offset
    last: bool


class Storage:
    """Stores shapes with their logs, and the position up to which the stream is stored."""

    def __init__(self, folder: Path, piece_bytes: int, version: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._piece_bytes = piece_bytes
        self._db = sqlite3.connect(folder / "shapes.sqlite", timeout=10, isolation_level=None)
        self._db.execute("pragma journal_mode = wal")
        # The slot drops confirmed changes, so they must be on disk first.
        self._db.execute("pragma synchronous = full")
        self._db.executescript(TABLES)
        if self._one("select name from version") != version:
            # This version cannot use another version's shapes, even if the other one still serves from them.
            self.clear()
            self._write(("delete from version", [()]), ("insert into version values (?)", [(version,)]))

    def stored(self) -> int:
        """Returns the LSN up to which all commits are stored."""
        return int(self._one("select lsn from stored") or 0)

    def shapes(self) -> list[Shape]:
        """Returns all stored shapes."""
        return [_shape(about) for (about,) in self._db.execute("select about from shapes")]

    def find(self, key: str) -> Shape | None:
        """Returns the shape with this definition's key, or None."""
        about = self._one("select about from shapes where key = ?", key)
        return _shape(about) if about else None

    def has(self, handle: str) -> bool:
        """Whether the shape is stored."""
        return self._one("select 1 from shapes where handle = ?", handle) is not None

    def add(self, shape: Shape, chunks: Sequence[str]) -> None:
        """Stores a new shape with its snapshot."""
        rows = [(shape.handle, number, body) for number, body in enumerate(chunks)]
        self._write(
            ("insert into shapes values (?, ?, ?)", [(shape.handle, shape.key, json.dumps(asdict(shape)))]),
            ("insert into snapshots values (?, ?, ?)", rows),
        )

    def append(self, lsn: int, entries: Iterable[Entry], gone: Iterable[str]) -> None:
        """Stores the stream's entries up to this commit, and deletes the shapes in `gone`, which have ended."""
        handles = [(handle,) for handle in gone]
        self._write(
            ("insert into log values (?, ?, ?, ?)", [(name, *offset, body) for name, offset, body in entries]),
            *((statement, handles) for statement in FORGET),
            ("update stored set lsn = max(lsn, ?)", [(lsn,)]),
        )

    def clear(self) -> None:
        """Deletes everything: a new slot begins at another position."""
        self._write(*((statement, [()]) for statement in FORGET_ALL))

    def end(self, handle: str) -> Offset:
        """Returns the end of the shape's log."""
        row = self._db.execute(
            "select lsn, number from log where handle = ? order by lsn desc, number desc limit 1", (handle,)
        ).fetchone()
        return Offset(*row) if row else SNAPSHOT_END

    def read(self, handle: str, after: Offset, until: Offset) -> Piece:
        """Returns the log after an offset, at most as much as one answer has."""
        if after < SNAPSHOT_END:
            number = 0 if after == START else after.number + 1
            body = self._one("select body from snapshots where handle = ? and number = ?", handle, number)
            if body is not None:
                return Piece([str(body)], Offset(0, number), False)
        place, size = max(after, SNAPSHOT_END), 0
        bodies: list[str] = []
        rows = self._db.execute(
            "select lsn, number, body from log where handle = ? and (lsn, number) > (?, ?) and (lsn, number) <= (?, ?) "
            "order by lsn, number",
            (handle, *place, *until),
        )
        for lsn, number, body in rows:
            if size >= self._piece_bytes:
                return Piece(bodies, place, False)
            place, size = Offset(lsn, number), size + len(body)
            bodies.append(body)
        return Piece(bodies, place, True)

    def _write(self, *statements: tuple[str, Sequence[Sequence[object]]]) -> None:
        self._db.execute("begin immediate")
        with self._db:
            for statement, rows in statements:
                self._db.executemany(statement, rows)

    def _one(self, statement: str, *values: object) -> Any:
        row = self._db.execute(statement, values).fetchone()
        return row[0] if row else None


def _shape(about: str) -> Shape:
    known = json.loads(about)
    known["wire"] = [(name, oid) for name, oid in known["wire"]]
    return Shape(**known | {"snapshot": Snapshot(*known["snapshot"])})


def _before(one: int, other: int) -> bool:
    """Whether transaction `one` is older than `other`. Their numbers wrap around."""
    return (one - other) & 0xFFFFFFFF >= 0x80000000
