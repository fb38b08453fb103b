"""Reads the bytes of a dump in pg_dump's custom format: its header, its table of contents, its blocks.

The format is that of PostgreSQL's pg_backup_archiver.c and pg_backup_custom.c, archive versions 1.12 to 1.16 (from the
pg_dump of 2018 to pg_dump 18). Rows are in blocks with a length, so no row is mistaken for the end of its table.
"""

import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

MAGIC, CUSTOM = b"PGDMP", 1
OLDEST, NEWEST = (1, 12), (1, 16)
COMPRESSIONS = ("none", "gzip", "lz4", "zstd")
OTHER_FORMATS = {2: "a tar archive", 3: "a tar archive", 5: "a directory's table of contents"}
MAKE_AGAIN = "make it with `./sertantai dump`, or pg_dump --format=custom"
CUT_SHORT, DAMAGED = "is cut short: copy or make it again", "is damaged: copy or make it again"
# Bytes. A longer text means that the file is damaged.
MAX_LENGTH = 1 << 28
# A table's rows end with a line `\.` and two empty lines.
END = b"\\.\n\n\n"
# psql takes any line that begins like this for the end of the rows, and runs the lines after it.
END_MARKER = b"\n\\."


class Unreadable(Exception):
    """A file cannot be restored: says why and what to do, as a sentence whose subject is the file's name."""


class Entry(NamedTuple):
    """An entry of the table of contents."""

    tag: str
    kind: str
    sql: str
    """The SQL that pg_restore runs for it, unchanged."""
    copy: str
    """The COPY statement before its rows."""
    schema: str
    owner: str
    has_data: bool


@dataclass(kw_only=True)
class Rows:
    """The rows of one entry: their lines, bytes and end markers."""

    count: int = 0
    size: int = 0
    end_markers: int = 0
    tail: bytes = b"\n"
    kept: list[bytes] = field(default_factory=list)

    def add(self, piece: bytes, keep: bool) -> None:
        """Counts a piece of a block, and keeps its bytes if `keep`."""
        self.count += piece.count(b"\n")
        self.size += len(piece)
        self.end_markers += (self.tail[1 - len(END_MARKER) :] + piece).count(END_MARKER)
        self.tail = (self.tail + piece)[-len(END) - 1 :]
        if keep:
            self.kept.append(piece)


class Reader:
    """Reads the format's numbers and texts."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.integer_size, self.offset_size = 4, 8

    def read(self, count: int) -> bytes:
        """Reads exactly `count` bytes. Raises `Unreadable` at the end of the file."""
        if count > MAX_LENGTH:
            raise Unreadable(DAMAGED)
        content = self.file.read(count)
        if len(content) < count:
            raise Unreadable(CUT_SHORT)
        return content

    def number(self) -> int:
        """Reads an integer: a byte for its sign, then its digits."""
        sign, digits = self.read(1)[0], self.read(self.integer_size)
        return -int.from_bytes(digits, "little") if sign else int.from_bytes(digits, "little")

    def text(self) -> str:
        """Reads a text: its length, then its bytes. A missing text is empty."""
        length = self.number()
        return self.read(length).decode(errors="surrogateescape") if length >= 0 else ""

    def pieces(self) -> Iterator[bytes]:
        """Reads a block in pieces of at most 1 MiB."""
        while length := self.number():
            if length < 0:
                raise Unreadable(DAMAGED)
            while length:
                piece = self.read(min(length, 1 << 20))
                length -= len(piece)
                yield piece


def read_version(reader: Reader) -> tuple[int, int]:
    """Reads the header and returns the archive's version. Raises `Unreadable` for one that cannot be read."""
    start = reader.file.read(len(MAGIC))
    if start != MAGIC:
        if not start:
            raise Unreadable("is empty")
        raise Unreadable(f"is no dump in pg_dump's custom format (is it plain SQL?): {MAKE_AGAIN}")
    major, minor, _, integer_size, offset_size, number = reader.read(6)
    if (major, minor) > NEWEST:
        raise Unreadable(
            f"has archive version {major}.{minor}, and the newest known version is {NEWEST[0]}.{NEWEST[1]}: "
            "make it with the pg_dump of the server's PostgreSQL"
        )
    if (major, minor) < OLDEST:
        raise Unreadable(f"was made by a pg_dump from before 2018: {MAKE_AGAIN}")
    if number != CUSTOM:
        name = OTHER_FORMATS.get(number, "of an unknown format")
        raise Unreadable(f"is {name}, not in pg_dump's custom format: {MAKE_AGAIN}")
    reader.integer_size, reader.offset_size = integer_size, offset_size
    return major, minor


def read_compression(reader: Reader, version: tuple[int, int]) -> str:
    """Reads how the blocks are compressed: `none` or `gzip`. Raises `Unreadable` for any other method."""
    code = reader.read(1)[0] if version >= (1, 15) else int(reader.number() != 0)
    name = COMPRESSIONS[code] if code < len(COMPRESSIONS) else "an unknown method"
    if name not in ("none", "gzip"):
        raise Unreadable(f"is compressed with {name}, which cannot be read here: make it with --compress=gzip")
    return name


def read_entry(reader: Reader, version: tuple[int, int]) -> tuple[int, Entry]:
    """Reads the next entry of the table of contents, with its number."""
    number, has_data = reader.number(), reader.number()
    reader.text(), reader.text()  # ids in the catalog
    tag, kind = reader.text(), reader.text()
    reader.number()  # section
    sql = reader.text()
    reader.text()  # the SQL that drops it
    copy, schema = reader.text(), reader.text()
    reader.text()  # tablespace
    if version >= (1, 14):
        reader.text()  # access method
    if version >= (1, 16):
        reader.number()  # kind of relation
    owner = reader.text()
    reader.text()  # an obsolete flag
    while reader.text():  # its dependencies
        pass
    reader.read(1 + reader.offset_size)  # the position of its block, which is not needed
    return number, Entry(tag=tag, kind=kind, sql=sql, copy=copy, schema=schema, owner=owner, has_data=bool(has_data))


def read_blocks(reader: Reader, compression: str, keep: Collection[int]) -> dict[int, Rows]:
    """Reads all blocks to the file's end, by the numbers of their entries. Keeps the rows of the entries in `keep`."""
    blocks: dict[int, Rows] = {}
    while kind := reader.file.read(1):
        number = reader.number()
        rows = blocks[number] = Rows()
        if kind == b"\1":
            for piece in _decompressed(reader, compression):
                rows.add(piece, number in keep)
        elif kind == b"\3":
            while reader.number():  # large objects, one by one
                rows.size += sum(len(piece) for piece in _decompressed(reader, compression))
        else:
            raise Unreadable(DAMAGED)
    return blocks


def _decompressed(reader: Reader, compression: str) -> Iterator[bytes]:
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
