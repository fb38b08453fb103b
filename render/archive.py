"""A dump in pg_dump's custom format, looked into without PostgreSQL: what it holds, and whether all of it is there.

Imports nothing but the standard library: a step's program runs it with whatever Python the operator has.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

from .archive_format import (
    CUT_SHORT,
    DAMAGED,
    END,
    Entry,
    Reader,
    Rows,
    Unreadable,
    blocks_of,
    compression_of,
    entry_of,
    version_of,
)

IDENTIFIER = r'"(?:[^"]|"")*"|[^\s".,()]+'
COPY = re.compile(
    rf"COPY (?:{IDENTIFIER})\.(?:{IDENTIFIER}) (?:\(((?:{IDENTIFIER})(?:, (?:{IDENTIFIER}))*)\))? ?FROM stdin;\n"
)
# What belongs to one database alone: its migrations, its jobs, its own notes of restores.
LEFT_OUT = ("schema_migrations", "oban_jobs", "oban_peers", "oban_producers", "sertantai_restores")
MIGRATIONS = "schema_migrations"


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


def read(file: BinaryIO) -> Archive:
    """Reads a dump from its first byte to its last, in little memory. Raises `Unreadable`."""
    reader = Reader(file)
    version = version_of(reader)
    compression = compression_of(reader, version)
    for _ in range(7):  # when it was made
        reader.number()
    database, server, dumper = reader.text(), reader.text(), reader.text()
    if not re.match(r"\d", dumper):
        raise Unreadable(DAMAGED)
    entries = dict(entry_of(reader, version) for _ in range(reader.number()))
    blocks = blocks_of(reader, compression, {number for number, entry in entries.items() if _is_migrations(entry)})
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
        if _is_migrations(entry):
            versions = _versions(table, b"".join(rows.kept))
    size = sum(rows.size for rows in blocks.values())
    return Archive(database=database, server=server, dumper=dumper, tables=tables, versions=versions, size=size)


def _is_migrations(entry: Entry) -> bool:
    return (entry.schema, entry.tag) == ("public", MIGRATIONS)


def _columns(entry: Entry) -> list[str]:
    if not (found := COPY.fullmatch(entry.copy)):
        raise Unreadable(f"has {entry.tag} as INSERTs, or in a form that is not known here: make it without --inserts")
    listed = re.findall(IDENTIFIER, found[1] or "")
    return [name[1:-1].replace('""', '"') if name.startswith('"') else name for name in listed]


def _count(rows: Rows) -> int:
    if rows.tail != END:
        raise Unreadable(CUT_SHORT)
    return rows.count - END.count(b"\n")


def _versions(table: Table, text: bytes) -> list[str]:
    at = table.columns.index("version")
    lines = text.removesuffix(END).decode().splitlines()
    return sorted(line.split("\t")[at] for line in lines)
