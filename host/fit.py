"""Whether a dump fits a database, and what to do where it does not: each reason is a line, or a table of them."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import docker, files
from .psql import assigned

DISK_MB = 512
MIB = 1 << 20
HEADER = ("table", "column", "difference", "what to do")
GENERATED, REQUIRED = "generated", "required"
PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
ONLY_IN_THE_DUMP = "only in the dump"
Ask = Callable[[str, Mapping[str, str]], str]
"""Asks a database as its app: a statement, and psql's variables in it."""
Facts = Mapping[str, Any]
"""What host/sql/restore_check.sql says of a database."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A dump and the database that it is for. `preview`: the release that may bring what is missing comes later."""

    service: str
    database: str
    postgres: str
    dump: Mapping[str, Any]
    size_mb: int
    file_mb: int
    replace: bool
    disable_triggers: bool
    preview: bool = False

    @property
    def at(self) -> str:
        """The path of its setting."""
        return f"services/{self.service}/restore"

    def facts(self, ask: Ask) -> Facts:
        """What the database has of the dump's tables."""
        names = [{"schema": table["schema"], "name": table["name"]} for table in self.dump["tables"]]
        sql = assigned("tables", json.dumps(names)) + files.sql("restore_check")
        facts: Facts = json.loads(ask(sql, {"replace": str(self.replace).lower()}))
        return facts

    def tables(self, facts: Facts) -> list[Mapping[str, Any]]:
        """The tables whose rows go in. pg_dump adds those that an extension fills by itself, most often empty."""
        of_extensions = {*map(tuple, facts["of_extensions"])}
        return [table for table in self.dump["tables"] if table["rows"] or _key(table) not in of_extensions]

    def problems(self, facts: Facts) -> list[str]:
        """What keeps the dump out; empty where it fits."""
        every = (
            self._versions,
            self._extensions,
            self._differences,
            self._rows,
            self._owners,
            self._triggers,
            self._room,
        )
        return [line for problems in every for line in problems(facts)]

    def notes(self, facts: Facts) -> list[str]:
        """What a preview says of a dump that may go in."""
        notes = []
        if self._waits(facts):
            missing, _ = self._migrations(facts)
            notes.append(
                f"{self.at}: waits for migrations that are not here yet: {', '.join(missing)}; "
                "the columns are compared when the release has run its own"
            )
        if self.replace and (filled := self._filled(facts)):
            notes.append(f"{self.at}: replace takes the rows of {', '.join(filled)} away; they are dumped first")
        return notes

    def _migrations(self, facts: Facts) -> tuple[list[str], list[str]]:
        """The versions that only the dump's database has, and those that only this one has."""
        dumped, here = {*(self.dump["versions"] or ())}, {*facts["migrations"]}
        return sorted(dumped - here), sorted(here - dumped)

    def _waits(self, facts: Facts) -> bool:
        missing, beyond = self._migrations(facts)
        return self.preview and bool(missing) and not beyond

    def _versions(self, facts: Facts) -> Iterator[str]:
        dump, at = self.dump, f"{self.at}/dump"
        if dump["major"] > facts["major"]:
            yield (
                f"{at}: was made by pg_dump {dump['major']}, and PostgreSQL is {facts['major']} here: "
                "make it with that version or an older one"
            )
        if dump["versions"] is None:
            if facts["migrations"]:
                yield (
                    f"{at}: does not hold schema_migrations, so nobody can say whether it fits: "
                    "make it with `./sertantai dump`"
                )
            return
        missing, beyond = self._migrations(facts)
        if missing and not self._waits(facts):
            yield (
                f"{at}: its database has run migrations that are not here: {', '.join(missing)}: release the image "
                f"that has them first (or is it the dump of another database, {dump['database']}?)"
            )
        if beyond:
            yield (
                f"{at}: lacks migrations that are here: {', '.join(beyond)}: "
                f"run them on the database {dump['database']} too, and dump it again"
            )

    def _extensions(self, facts: Facts) -> Iterator[str]:
        of_extensions = {*map(tuple, facts["of_extensions"])}
        for table in self.tables(facts):
            if _key(table) in of_extensions:
                yield (
                    f"{self.at}/dump: has rows of {table['name']}, which belongs to an extension: "
                    f"dump again with --exclude-table-data={table['name']}"
                )

    def _differences(self, facts: Facts) -> Iterator[str]:
        if self._waits(facts):
            return
        here = {_key(table): table["columns"] for table in facts["tables"]}
        rows = [row for table in self.tables(facts) for row in _compared(table, here.get(_key(table)))]
        if rows:
            yield f"{self.at}/dump: does not fit {self.database}:"
            yield from _aligned([HEADER, *sorted(rows)])

    def _rows(self, facts: Facts) -> Iterator[str]:
        if self.replace:
            for schema, name in facts["referring"]:
                yield (
                    f"{self.at}/replace: would empty {_shown(schema, name)}, which is not in the dump and refers to a "
                    "table that is: dump it too"
                )
        elif filled := self._filled(facts):
            yield (
                f"{self.at}/dump: {', '.join(filled)} is not empty here: with `replace: true` the dump takes its place"
            )

    def _filled(self, facts: Facts) -> list[str]:
        return sorted(_shown(*_key(table)) for table in facts["tables"] if table["filled"])

    def _owners(self, facts: Facts) -> Iterator[str]:
        role = facts["role"]
        for schema, name, owner in facts["of_others"]:
            yield (
                f"{self.at}: {_shown(schema, name)} belongs to {owner}, and a restore works as {role}, who must own "
                f"all that it dumps or puts in: ALTER TABLE {_quoted(schema, name)} OWNER TO {role}"
            )
        for schema, name in facts["forced"]:
            yield (
                f"{self.at}: {_shown(schema, name)} forces row security on its owner too, who dumps and puts in: "
                f"ALTER TABLE {_quoted(schema, name)} NO FORCE ROW LEVEL SECURITY while a restore is declared"
            )

    def _triggers(self, facts: Facts) -> Iterator[str]:
        if self.disable_triggers:
            return
        for table in facts["tables"]:
            if triggers := table["triggers"]:
                yield (
                    f"{self.at}/disable_triggers: must be true, since {_shown(*_key(table))} has triggers "
                    f"({', '.join(triggers)}): pg_restore empties search_path, and a trigger that names a table or a "
                    "function without its schema does not find it; with it no trigger runs, and rows go in as they were"
                )

    def _room(self, facts: Facts) -> Iterator[str]:
        free, need = _free_mb(self.postgres), 3 * self.size_mb + DISK_MB
        if free < need:
            yield (
                f"{self.at}: {free} MB are free on PostgreSQL's disk and the dump needs {need}, with indexes and log: "
                "make room, or take a larger disk"
            )
        home = Path.home()
        free, need = shutil.disk_usage(home).free // MIB, self.file_mb + facts["size_mb"] + DISK_MB
        if free < need:
            yield (
                f"{self.at}: {free} MB are free in {home} on the host and the dump needs {need}, "
                "with a dump of what is there: make room"
            )


def _key(table: Mapping[str, Any]) -> tuple[str, str]:
    return table["schema"], table["name"]


def _shown(schema: str, name: str) -> str:
    return name if schema == "public" else f"{schema}.{name}"


def _quoted(*names: str) -> str:
    """As SQL writes it."""
    return ".".join(name if PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"' for name in names)


def _compared(dumped: Mapping[str, Any], here: Mapping[str, str] | None) -> Iterator[tuple[str, str, str, str]]:
    """What differs between a table in the dump and its columns here: table, column, difference, what to do."""
    table = _shown(*_key(dumped))
    if here is None:
        remedy = "a migration that makes it, on dev first; or leave it out of the dump"
        yield table, "", f"the table is {ONLY_IN_THE_DUMP}", remedy
        return
    for column in dumped["columns"]:
        if column not in here:
            yield table, column, ONLY_IN_THE_DUMP, "a migration that adds it, on dev first; or drop it there"
        elif here[column] == GENERATED:
            remedy = "a migration that makes it generated on dev too"
            yield table, column, "is generated here, plain in the dump", remedy
    for column, kind in here.items():
        if kind == REQUIRED and dumped["rows"] and column not in dumped["columns"]:
            remedy = "a migration that adds it on dev too; or give it a default"
            yield table, column, "only here, NOT NULL without a default", remedy


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table as psql shows it."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) if number else cell.center(width) for cell, width in zip(row, widths, strict=True)]
        yield f" {' | '.join(cells)}".rstrip()
        if not number:
            yield "+".join("-" * (width + 2) for width in widths)


def _free_mb(postgres: str) -> int:
    """What is free on the disk of PostgreSQL's data."""
    lines = docker.execute(postgres, ["sh", "-c", 'df -Pm "$PGDATA"']).out.splitlines()
    return int(lines[1].split()[3]) if len(lines) > 1 else 0
