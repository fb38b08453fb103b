"""Reads a dump in pg_dump's custom format without PostgreSQL: its tables, and whether it is complete.

Refuses a dump that would make pg_restore run any SQL except rows and the values of sequences. Imports only the standard
library, so that the step that uses it starts quickly.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from .archive_format import (
    CUT_SHORT,
    DAMAGED,
    END,
    Entry,
    Reader,
    Rows,
    Unreadable,
    read_blocks,
    read_compression,
    read_entry,
    read_version,
)

IDENTIFIER = r'"(?:[^"]|"")*"|[a-z_][a-z0-9_]*'
COPY = re.compile(
    rf"COPY (?:{IDENTIFIER})\.(?:{IDENTIFIER}) (?:\(((?:{IDENTIFIER})(?:, (?:{IDENTIFIER}))*)\))? ?FROM stdin;\n"
)
# The only SQL that pg_restore may pass to psql unchanged, by kind of entry.
ALLOWED_SQL = {
    "SEARCHPATH": re.compile(r"SELECT pg_catalog\.set_config\('search_path', '', false\);\n"),
    "SEQUENCE SET": re.compile(r"SELECT pg_catalog\.setval\('(?:[^'\\]|'')+', -?\d+, (?:true|false)\);\n"),
    "TABLE DATA": re.compile(r"(?:-- load via partition root [^\r\n]+)?"),
}
FOREIGN_SQL = "contains SQL that pg_dump did not write, at {0}: make it with `./sertantai dump`"
LARGE_OBJECTS = "contains large objects, which a restore cannot undo: make it with pg_dump --no-blobs"
# Tables that belong to one database alone: its migrations, its jobs, its record of restores.
EXCLUDED_TABLES = ("schema_migrations", "oban_jobs", "oban_peers", "oban_producers", "sertantai_restores")
MIGRATIONS = "schema_migrations"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table in the dump: its columns without generated ones, and its number of rows."""

    schema: str
    name: str
    columns: list[str]
    rows: int

    def __str__(self) -> str:
        return self.name if self.schema == "public" else f"{self.schema}.{self.name}"


@dataclass(frozen=True, kw_only=True)
class Archive:
    """A complete dump. `server` and `dumper` are the versions of PostgreSQL and pg_dump."""

    database: str
    server: str
    dumper: str
    tables: list[Table]
    versions: list[str] | None
    """The migrations that its database has run; None if the dump does not contain them."""
    size: int
    """Bytes of rows, uncompressed."""

    def restored_tables(self) -> list[Table]:
        """Returns the tables whose rows a restore loads."""
        return [table for table in self.tables if table.name not in EXCLUDED_TABLES]

    def description(self) -> dict[str, Any]:
        """Returns what the host compares with the database."""
        tables = [vars(table) for table in self.restored_tables()]
        major = int(re.match(r"\d+", self.dumper)[0])  # type: ignore[index]
        return {"database": self.database, "major": major, "versions": self.versions, "tables": tables}

    def row_count_mistakes(self, expect: Mapping[str, int]) -> Iterator[tuple[str, str]]:
        """Yields the tables that do not have the expected number of rows, each with the mistake."""
        rows = {
            name: table.rows
            for table in self.restored_tables()
            for name in (str(table), f"{table.schema}.{table.name}")
        }
        for name, count in expect.items():
            if name not in rows:
                yield name, "is not among the dump's tables"
            elif rows[name] != count:
                yield name, f"{count:,} rows are expected and the dump has {rows[name]:,}"


def read(file: BinaryIO) -> Archive:
    """Reads a dump from its first to its last byte, in constant memory. Raises `Unreadable`."""
    reader = Reader(file)
    version = read_version(reader)
    compression = read_compression(reader, version)
    for _ in range(7):  # the time of the dump
        reader.number()
    database, server, dumper = reader.text(), reader.text(), reader.text()
    if not re.match(r"\d", dumper):
        raise Unreadable(DAMAGED)
    _refuse_line_breaks("its versions", server, dumper)
    entries = dict(read_entry(reader, version) for _ in range(reader.number()))
    for entry in entries.values():
        _check_sql(entry)
    blocks = read_blocks(reader, compression, {number for number, entry in entries.items() if _is_migrations(entry)})
    tables, versions = [], None
    for number, entry in entries.items():
        if not entry.has_data:
            continue
        if number not in blocks:
            raise Unreadable(CUT_SHORT)
        rows = blocks[number]
        table = Table(schema=entry.schema, name=entry.tag, columns=_columns(entry), rows=_count(entry, rows))
        tables.append(table)
        if _is_migrations(entry):
            versions = _versions(table, b"".join(rows.kept))
    size = sum(rows.size for rows in blocks.values())
    return Archive(database=database, server=server, dumper=dumper, tables=tables, versions=versions, size=size)


def _check_sql(entry: Entry) -> None:
    _refuse_line_breaks(_entry_name(entry), entry.tag, entry.schema, entry.owner)
    if entry.kind in ALLOWED_SQL and not ALLOWED_SQL[entry.kind].fullmatch(entry.sql):
        raise Unreadable(FOREIGN_SQL.format(_entry_name(entry)))
    if entry.has_data and entry.kind != "TABLE DATA":
        raise Unreadable(LARGE_OBJECTS)


def _entry_name(entry: Entry) -> str:
    return f"{entry.kind} {entry.tag!r}"


def _refuse_line_breaks(place: str, *texts: str) -> None:
    """pg_restore writes these texts into SQL comments: a line break would end the comment and begin SQL."""
    if any(character in text for text in texts for character in "\r\n"):
        raise Unreadable(FOREIGN_SQL.format(place))


def _is_migrations(entry: Entry) -> bool:
    return (entry.schema, entry.tag) == ("public", MIGRATIONS)


def _columns(entry: Entry) -> list[str]:
    if not (match := COPY.fullmatch(entry.copy)):
        raise Unreadable(f"contains {entry.tag} as INSERTs or in an unknown form: make it without --inserts")
    names = re.findall(IDENTIFIER, match[1] or "")
    return [name[1:-1].replace('""', '"') if name.startswith('"') else name for name in names]


def _count(entry: Entry, rows: Rows) -> int:
    if rows.tail != b"\n" + END:
        raise Unreadable(CUT_SHORT)
    if rows.end_markers != 1:
        raise Unreadable(FOREIGN_SQL.format(f"an end marker in the rows of {entry.tag!r}"))
    return rows.count - END.count(b"\n")


def _versions(table: Table, text: bytes) -> list[str]:
    column = table.columns.index("version")
    lines = text.removesuffix(END).decode().splitlines()
    return sorted(line.split("\t")[column] for line in lines)
