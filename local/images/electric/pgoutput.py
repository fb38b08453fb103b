"""Decodes the messages of PostgreSQL's output plugin `pgoutput`, protocol version 1, into whole transactions."""

import struct
from dataclasses import dataclass, field
from typing import NamedTuple

Row = dict[str, str | None]


class Relation(NamedTuple):
    """A table as the stream describes it. Each column is its name and the oid of its type."""

    oid: int
    schema: str
    name: str
    columns: list[tuple[str, int]]


class Change(NamedTuple):
    """A change of a row. A change of the kind `truncate` is one of the whole table."""

    kind: str
    relation: Relation
    old: Row | None = None
    new: Row | None = None


@dataclass(kw_only=True)
class Transaction:
    """Committed changes in their order. `lsn` is the commit's."""

    xid: int
    lsn: int
    changes: list[Change] = field(default_factory=list)


class Decoder:
    """Assembles transactions from messages."""

    def __init__(self) -> None:
        self._relations: dict[int, Relation] = {}
        self._open: Transaction | None = None

    @property
    def between(self) -> bool:
        """Whether no transaction is partly read."""
        return self._open is None

    def feed(self, payload: bytes) -> Transaction | None:
        """Reads a message. Returns the transaction that it commits, if any."""
        message = _Reader(payload[1:])
        match payload[:1], self._open:
            case b"B", _:
                lsn, _, xid = message.take(">qqI")
                self._open = Transaction(xid=xid, lsn=lsn)
            case b"C", Transaction() as done:
                self._open = None
                return done
            case b"R", _:
                relation = message.relation()
                self._relations[relation.oid] = relation
            case b"T", Transaction() as transaction:
                count, _ = message.take(">ib")
                oids = message.take(f">{count}I")
                transaction.changes.extend(Change("truncate", self._relations[oid]) for oid in oids)
            case b"I" | b"U" | b"D", Transaction() as transaction:
                transaction.changes.append(self._change(payload[:1], message))
            case _:
                pass  # ignore types, origins and logical messages
        return None

    def _change(self, kind: bytes, message: "_Reader") -> Change:
        relation = self._relations[message.take(">I")[0]]
        rows: dict[bytes, Row] = {}
        while message.left:
            part = message.bytes(1)
            # The old row is complete (REPLICA IDENTITY FULL): it has the unchanged values that the new row lacks.
            rows[b"N" if part == b"N" else b"O"] = message.row(relation, rows.get(b"O", {}))
        kinds = {b"I": "insert", b"U": "update", b"D": "delete"}
        return Change(kinds[kind], relation, rows.get(b"O"), rows.get(b"N"))


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    @property
    def left(self) -> int:
        return len(self._data) - self._at

    def take(self, layout: str) -> tuple[int, ...]:
        values = struct.unpack_from(layout, self._data, self._at)
        self._at += struct.calcsize(layout)
        return values

    def bytes(self, size: int) -> bytes:
        self._at += size
        return self._data[self._at - size : self._at]

    def text(self) -> str:
        end = self._data.index(0, self._at)
        text = self._data[self._at : end].decode()
        self._at = end + 1
        return text

    def relation(self) -> Relation:
        oid, schema, name = self.take(">I")[0], self.text(), self.text()
        _, count = self.take(">bh")
        columns = []
        for _ in range(count):
            self.take(">b")
            columns.append((self.text(), self.take(">Ii")[0]))
        return Relation(oid, schema, name, columns)

    def row(self, relation: Relation, before: Row) -> Row:
        (count,) = self.take(">h")
        row: Row = {}
        for name, _ in relation.columns[:count]:
            match self.bytes(1):
                case b"n":
                    row[name] = None
                case b"u":
                    row[name] = before.get(name)
                case _:
                    row[name] = self.bytes(self.take(">i")[0]).decode()
        return row
