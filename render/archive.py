"""A dump in pg_dump's custom format, looked into without PostgreSQL: what it holds, and whether all of it is there.

What pg_restore passes on as it stands is no more than rows and where sequences stand: a dump with SQL of its own is
refused. Imports nothing but the standard library, so that a step which needs it starts at once.
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
    blocks_of,
    compression_of,
    entry_of,
    version_of,
)

IDENTIFIER = r'"(?:[^"]|"")*"|[a-z_][a-z0-9_]*'
COPY = re.compile(
    rf"COPY (?:{IDENTIFIER})\.(?:{IDENTIFIER}) (?:\(((?:{IDENTIFIER})(?:, (?:{IDENTIFIER}))*)\))? ?FROM stdin;\n"
)
# All that pg_restore passes on to psql as it stands, where rows and sequences are put in.
SQL = {
    "SEARCHPATH": re.compile(r"SELECT pg_catalog\.set_config\('search_path', '', false\);\n"),
    "SEQUENCE SET": re.compile(r"SELECT pg_catalog\.setval\('(?:[^'\\]|'')+', -?\d+, (?:true|false)\);\n"),
    "TABLE DATA": re.compile(r"(?:-- load via partition root [^\r\n]+)?"),
}
FOREIGN_SQL = "has SQL of its own at {0}: it was not made by pg_dump; make it with `./sertantai dump`"
LARGE_OBJECTS = "has large objects, which a restore cannot take out again: make it with pg_dump --no-blobs"
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

    def described(self) -> dict[str, Any]:
        """For the host to compare with what PostgreSQL has."""
        tables = [vars(table) for table in self.restored()]
        major = int(re.match(r"\d+", self.dumper)[0])  # type: ignore[index]
        return {"database": self.database, "major": major, "versions": self.versions, "tables": tables}

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
    _check_lines("its versions", server, dumper)
    entries = dict(entry_of(reader, version) for _ in range(reader.number()))
    for entry in entries.values():
        _check_sql(entry)
    blocks = blocks_of(reader, compression, {number for number, entry in entries.items() if _is_migrations(entry)})
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
    what = f"{entry.kind} {entry.tag!r}"
    _check_lines(what, entry.tag, entry.schema, entry.owner)
    if entry.kind in SQL and not SQL[entry.kind].fullmatch(entry.sql):
        raise Unreadable(FOREIGN_SQL.format(what))
    if entry.has_data and entry.kind != "TABLE DATA":
        raise Unreadable(LARGE_OBJECTS)


def _check_lines(what: str, *texts: str) -> None:
    """They stand in pg_restore's comments, each of which ends with its line."""
    if any(sign in text for text in texts for sign in "\r\n"):
        raise Unreadable(FOREIGN_SQL.format(what))


def _is_migrations(entry: Entry) -> bool:
    return (entry.schema, entry.tag) == ("public", MIGRATIONS)


def _columns(entry: Entry) -> list[str]:
    if not (found := COPY.fullmatch(entry.copy)):
        raise Unreadable(f"has {entry.tag} as INSERTs, or in a form that is not known here: make it without --inserts")
    listed = re.findall(IDENTIFIER, found[1] or "")
    return [name[1:-1].replace('""', '"') if name.startswith('"') else name for name in listed]


def _count(entry: Entry, rows: Rows) -> int:
    if rows.tail != b"\n" + END:
        raise Unreadable(CUT_SHORT)
    if rows.ends != 1:
        raise Unreadable(FOREIGN_SQL.format(f"the rows of {entry.tag!r}, which end before their end"))
    return rows.count - END.count(b"\n")


def _versions(table: Table, text: bytes) -> list[str]:
    at = table.columns.index("version")
    lines = text.removesuffix(END).decode().splitlines()
    return sorted(line.split("\t")[at] for line in lines)
