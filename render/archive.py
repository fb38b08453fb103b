"""A dump in pg_dump's custom format, looked into without PostgreSQL: what it holds, and whether all of it is there.

The format is that of PostgreSQL's pg_backup_archiver.c and pg_backup_custom.c, archive versions 1.12 to 1.16
(pg_dump 9 to 18). A table's rows lie in blocks of stated length, so no row can be taken for the end of its table.
Imports nothing but the standard library: a step's program runs it with whatever Python the operator has.
"""

import json
import re
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

MAGIC, CUSTOM = b"PGDMP", 1
OLDEST, NEWEST = (1, 12), (1, 16)
COMPRESSIONS = ("none", "gzip", "lz4", "zstd")
KINDS = {2: "a tar archive", 3: "a tar archive", 5: "a directory's table of contents"}
AGAIN = "make it with `./sertantai dump`, or pg_dump --format=custom"
CUT_SHORT, DAMAGED = "is cut short: copy or make it again", "is damaged: copy or make it again"
# A table's rows end with a line of `\.` and two empty ones.
END = b"\\.\n\n\n"
IDENTIFIER = r'"(?:[^"]|"")*"|[^\s".,()]+'
COPY = re.compile(
    rf"COPY (?:{IDENTIFIER})\.(?:{IDENTIFIER}) (?:\(((?:{IDENTIFIER})(?:, (?:{IDENTIFIER}))*)\))? ?FROM stdin;\n"
)
# What belongs to one database alone: its migrations, its jobs, its own notes of restores.
LEFT_OUT = ("schema_migrations", "oban_jobs", "oban_peers", "oban_producers", "sertantai_restores")
MIGRATIONS = "schema_migrations"


class Unreadable(Exception):
    """Why a file is no dump that can be restored, and what to do; it goes on from the file's name."""


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table's rows in the dump: how many, and of which columns. What is generated is not among these."""

    schema: str
    name: str
    columns: list[str]
    rows: int

    def __str__(self) -> str:
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A whole dump: `server` is the version that it was made from, `dumper` pg_dump's; `size` is bytes of rows."""

    database: str
    server: str
    dumper: str
    tables: list[Table]
    versions: list[str] | None
    """Of the migrations that its database has run; None where it does not say."""
    size: int

    def restored(self) -> list[Table]:
        """Those of its tables whose rows are put in."""
        return [table for table in self.tables if table.name not in LEFT_OUT]

    def described(self) -> str:
        """As JSON, for PostgreSQL to compare with what it has."""
        tables = [vars(table) for table in self.restored()]
        major = int(re.match(r"\d+", self.dumper)[0])  # type: ignore[index]
        return json.dumps({"database": self.database, "major": major, "versions": self.versions, "tables": tables})

    def unexpected(self, expect: Mapping[str, int]) -> Iterator[tuple[str, str]]:
        """The tables whose rows are not as many as expected, and what is wrong with them."""
        rows = {name: table.rows for table in self.restored() for name in (str(table), f"{table.schema}.{table.name}")}
        for name, count in expect.items():
            if name not in rows:
                yield name, "is not among the dump's tables"
            elif rows[name] != count:
                yield name, f"{count:,} rows are expected and the dump has {rows[name]:,}"


class _Entry(NamedTuple):
    """A line of the table of contents."""

    tag: str
    kind: str
    copy: str
    schema: str
    has_data: bool


@dataclass(kw_only=True)
class _Rows:
    """What the blocks of one entry come to."""

    count: int = 0
    size: int = 0
    tail: bytes = b""
    kept: list[bytes] = field(default_factory=list)

    def take(self, piece: bytes, keep: bool) -> None:
        self.count += piece.count(b"\n")
        self.size += len(piece)
        self.tail = (self.tail + piece)[-len(END) :]
        if keep:
            self.kept.append(piece)


class _Reader:
    """The format's own numbers and texts."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.integer, self.offset = 4, 8

    def take(self, count: int) -> bytes:
        read = self.file.read(count)
        if len(read) < count:
            raise Unreadable(CUT_SHORT)
        return read

    def number(self) -> int:
        sign, digits = self.take(1)[0], self.take(self.integer)
        return -int.from_bytes(digits, "little") if sign else int.from_bytes(digits, "little")

    def text(self) -> str:
        length = self.number()
        return self.take(length).decode(errors="surrogateescape") if length >= 0 else ""

    def pieces(self) -> Iterator[bytes]:
        """The pieces of a block, of some KiB each."""
        while length := self.number():
            if length < 0:
                raise Unreadable(DAMAGED)
            while length:
                piece = self.take(min(length, 1 << 20))
                length -= len(piece)
                yield piece


def read(file: BinaryIO) -> Archive:
    """Reads a dump from its first byte to its last, in little memory. Raises `Unreadable`."""
    reader = _Reader(file)
    version = _version(reader)
    compression = _compression(reader, version)
    for _ in range(7):  # when it was made
        reader.number()
    database, server, dumper = reader.text(), reader.text(), reader.text()
    if not re.match(r"\d", dumper):
        raise Unreadable(DAMAGED)
    entries = dict(_entry(reader, version) for _ in range(reader.number()))
    blocks = _blocks(reader, compression, {number for number, entry in entries.items() if entry.tag == MIGRATIONS})
    tables, versions = [], None
    for number, entry in entries.items():
        if not entry.has_data:
            continue
        if number not in blocks:
            raise Unreadable(CUT_SHORT)
        if entry.kind != "TABLE DATA":
            continue
        rows = blocks[number]
        table = Table(schema=entry.schema, name=entry.tag, columns=_columns(entry), rows=_count(rows))
        tables.append(table)
        if entry.tag == MIGRATIONS:
            versions = _versions(table, b"".join(rows.kept))
    size = sum(rows.size for rows in blocks.values())
    return Archive(database=database, server=server, dumper=dumper, tables=tables, versions=versions, size=size)


def _version(reader: _Reader) -> tuple[int, int]:
    start = reader.file.read(len(MAGIC))
    if start != MAGIC:
        if not start:
            raise Unreadable("is empty")
        raise Unreadable(f"is no dump in pg_dump's custom format (is it plain SQL?): {AGAIN}")
    major, minor, _, integer, offset, kind = reader.take(6)
    if (major, minor) > NEWEST:
        raise Unreadable(
            f"is of archive version {major}.{minor}, and {NEWEST[0]}.{NEWEST[1]} is the newest that is known here: "
            "make it with the pg_dump of the server's PostgreSQL"
        )
    if (major, minor) < OLDEST:
        raise Unreadable(f"was made by a pg_dump of before 2018: {AGAIN}")
    if kind != CUSTOM:
        raise Unreadable(f"is {KINDS.get(kind, 'of an unknown format')}, not in pg_dump's custom format: {AGAIN}")
    reader.integer, reader.offset = integer, offset
    return major, minor


def _compression(reader: _Reader, version: tuple[int, int]) -> str:
    code = reader.take(1)[0] if version >= (1, 15) else int(reader.number() != 0)
    name = COMPRESSIONS[code] if code < len(COMPRESSIONS) else "an unknown method"
    if name not in ("none", "gzip"):
        raise Unreadable(f"is compressed with {name}, which cannot be looked into here: make it with --compress=gzip")
    return name


def _entry(reader: _Reader, version: tuple[int, int]) -> tuple[int, _Entry]:
    number, has_data = reader.number(), reader.number()
    reader.text(), reader.text()  # ids of the catalog
    tag, kind = reader.text(), reader.text()
    reader.number()  # section
    reader.text(), reader.text()  # how it is made and dropped
    copy, schema = reader.text(), reader.text()
    reader.text()  # tablespace
    if version >= (1, 14):
        reader.text()  # access method
    if version >= (1, 16):
        reader.number()  # kind of relation
    reader.text(), reader.text()  # owner, and a flag of before
    while reader.text():  # what it depends on
        pass
    # Where its block lies; it is found by reading on.
    reader.take(1 + reader.offset)
    return number, _Entry(tag=tag, kind=kind, copy=copy, schema=schema, has_data=bool(has_data))


def _blocks(reader: _Reader, compression: str, keep: set[int]) -> dict[int, _Rows]:
    found: dict[int, _Rows] = {}
    while kind := reader.file.read(1):
        number = reader.number()
        rows = found[number] = _Rows()
        if kind == b"\1":
            for piece in _plain(reader, compression):
                rows.take(piece, number in keep)
        elif kind == b"\3":
            while reader.number():  # the large objects, one after the other
                rows.size += sum(len(piece) for piece in _plain(reader, compression))
        else:
            raise Unreadable(DAMAGED)
    return found


def _plain(reader: _Reader, compression: str) -> Iterator[bytes]:
    if compression == "none":
        yield from reader.pieces()
        return
    inflater = zlib.decompressobj()
    try:
        for piece in reader.pieces():
            while piece:
                yield inflater.decompress(piece, 1 << 20)
                piece = inflater.unconsumed_tail
        yield inflater.flush()
    except zlib.error:
        raise Unreadable(DAMAGED) from None
    if not inflater.eof:
        raise Unreadable(CUT_SHORT)


def _columns(entry: _Entry) -> list[str]:
    if not (found := COPY.fullmatch(entry.copy)):
        raise Unreadable(f"has {entry.tag} as INSERTs, or in a form that is not known here: make it without --inserts")
    listed = re.findall(IDENTIFIER, found[1] or "")
    return [name[1:-1].replace('""', '"') if name.startswith('"') else name for name in listed]


def _count(rows: _Rows) -> int:
    if rows.tail != END:
        raise Unreadable(CUT_SHORT)
    return rows.count - END.count(b"\n")


def _versions(table: Table, text: bytes) -> list[str]:
    at = table.columns.index("version")
    lines = text.removesuffix(END).decode().splitlines()
    return sorted(line.split("\t")[at] for line in lines)
