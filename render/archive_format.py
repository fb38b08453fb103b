"""The bytes of a dump in pg_dump's custom format: its head, its table of contents, its blocks.

As PostgreSQL's pg_backup_archiver.c and pg_backup_custom.c have them, in archive versions 1.12 to 1.16 (pg_dump of 2018
to 18). Rows lie in blocks of stated length, so that none can be taken for the end of its table.
"""

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

MAGIC, CUSTOM = b"PGDMP", 1
OLDEST, NEWEST = (1, 12), (1, 16)
COMPRESSIONS = ("none", "gzip", "lz4", "zstd")
KINDS = {2: "a tar archive", 3: "a tar archive", 5: "a directory's table of contents"}
AGAIN = "make it with `./sertantai dump`, or pg_dump --format=custom"
CUT_SHORT, DAMAGED = "is cut short: copy or make it again", "is damaged: copy or make it again"
# No text of the format is as long as this.
LONGEST = 1 << 28
# A table's rows end with a line of `\.` and two empty ones.
END = b"\\.\n\n\n"
# psql takes such a line for the end of the rows wherever it stands, and runs what comes after it. Here after the end of
# the line before.
LAST_LINE = b"\n\\."


class Unreadable(Exception):
    """Why a file is no dump that can be restored, and what to do; it goes on from the file's name."""


class Entry(NamedTuple):
    """A line of the table of contents."""

    tag: str
    kind: str
    sql: str
    """What pg_restore runs for it, as it stands; `copy` comes before its rows."""
    copy: str
    schema: str
    owner: str
    has_data: bool


@dataclass(kw_only=True)
class Rows:
    """What the blocks of one entry come to."""

    count: int = 0
    size: int = 0
    ends: int = 0
    tail: bytes = b"\n"
    kept: list[bytes] = field(default_factory=list)

    def take(self, piece: bytes, keep: bool) -> None:
        """Learns one piece of a block."""
        self.count += piece.count(b"\n")
        self.size += len(piece)
        self.ends += (self.tail[1 - len(LAST_LINE) :] + piece).count(LAST_LINE)
        self.tail = (self.tail + piece)[-len(END) - 1 :]
        if keep:
            self.kept.append(piece)


class Reader:
    """The format's own numbers and texts."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.integer, self.offset = 4, 8

    def take(self, count: int) -> bytes:
        """So many bytes."""
        if count > LONGEST:
            raise Unreadable(DAMAGED)
        read = self.file.read(count)
        if len(read) < count:
            raise Unreadable(CUT_SHORT)
        return read

    def number(self) -> int:
        """A whole number, after its sign."""
        sign, digits = self.take(1)[0], self.take(self.integer)
        return -int.from_bytes(digits, "little") if sign else int.from_bytes(digits, "little")

    def text(self) -> str:
        """A text, after its length; one that is missing is empty."""
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


def version_of(reader: Reader) -> tuple[int, int]:
    """The archive's version, once it is one that can be read on."""
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


def compression_of(reader: Reader, version: tuple[int, int]) -> str:
    """How its blocks are compressed."""
    code = reader.take(1)[0] if version >= (1, 15) else int(reader.number() != 0)
    name = COMPRESSIONS[code] if code < len(COMPRESSIONS) else "an unknown method"
    if name not in ("none", "gzip"):
        raise Unreadable(f"is compressed with {name}, which cannot be looked into here: make it with --compress=gzip")
    return name


def entry_of(reader: Reader, version: tuple[int, int]) -> tuple[int, Entry]:
    """The next line of the table of contents, by its number."""
    number, has_data = reader.number(), reader.number()
    reader.text(), reader.text()  # ids of the catalog
    tag, kind = reader.text(), reader.text()
    reader.number()  # section
    sql = reader.text()
    reader.text()  # how it is dropped
    copy, schema = reader.text(), reader.text()
    reader.text()  # tablespace
    if version >= (1, 14):
        reader.text()  # access method
    if version >= (1, 16):
        reader.number()  # kind of relation
    owner = reader.text()
    reader.text()  # a flag of before
    while reader.text():  # what it depends on
        pass
    # Where its block lies; it is found by reading on.
    reader.take(1 + reader.offset)
    return number, Entry(tag=tag, kind=kind, sql=sql, copy=copy, schema=schema, owner=owner, has_data=bool(has_data))


def blocks_of(reader: Reader, compression: str, keep: Collection[int]) -> dict[int, Rows]:
    """All blocks to the file's end, by the numbers of their entries; the rows of those in `keep` are kept."""
    found: dict[int, Rows] = {}
    while kind := reader.file.read(1):
        number = reader.number()
        rows = found[number] = Rows()
        if kind == b"\1":
            for piece in _plain(reader, compression):
                rows.take(piece, number in keep)
        elif kind == b"\3":
            while reader.number():  # the large objects, one after the other
                rows.size += sum(len(piece) for piece in _plain(reader, compression))
        else:
            raise Unreadable(DAMAGED)
    return found


def _plain(reader: Reader, compression: str) -> Iterator[bytes]:
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
