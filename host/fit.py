"""Compares a dump with a database. Each problem is a line, or a table, with what to do."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import docker, files
from .psql import SqlError, set_variable

DISK_MB = 512
MIB = 1 << 20
HEADER = ("table", "column", "difference", "what to do")
GENERATED, REQUIRED = "generated", "required"
PLAIN = re.compile(r"[a-z_][a-z0-9_]*")
ONLY_IN_THE_DUMP = "only in the dump"
Query = Callable[[str, Mapping[str, str]], str]
"""Runs SQL in a database with a login of its app: the SQL, and psql's variables."""
Facts = Mapping[str, Any]
"""The result of host/sql/restore_check.sql."""


@dataclass(frozen=True, kw_only=True)
class Fit:
    """A dump and its target database. `preview`: the release's own migrations have not run yet."""

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

    def facts(self, query: Query) -> Facts:
        """Returns the state of the dump's tables in the database."""
        names = [{"schema": table["schema"], "name": table["name"]} for table in self.dump["tables"]]
        sql = set_variable("tables", json.dumps(names)) + files.sql("restore_check")
        facts: Facts = json.loads(query(sql, {"replace": str(self.replace).lower()}))
        return facts

    def tables(self, facts: Facts) -> list[Mapping[str, Any]]:
        """Returns the tables whose rows are restored, without empty tables of extensions, which pg_dump adds."""
        of_extensions = {*map(tuple, facts["of_extensions"])}
        return [table for table in self.dump["tables"] if table["rows"] or _key(table) not in of_extensions]

    def problems(self, facts: Facts) -> list[str]:
        """Returns what prevents the restore."""
        checks = (
            self._versions,
            self._extensions,
            self._differences,
            self._rows,
            self._owners,
            self._triggers,
            self._disk_space,
        )
        return [line for check in checks for line in check(facts)]

    def notes(self, facts: Facts) -> list[str]:
        """Returns what a preview reports about a dump without problems."""
        notes = []
        if self._waits_for_migrations(facts):
            missing, _ = self._migrations(facts)
            notes.append(
                f"{self.at}: waits for migrations that have not run here yet: {', '.join(missing)}; "
                "the columns are compared after the release's migrations"
            )
        if self.replace and (filled := self._filled(facts)):
            notes.append(f"{self.at}: replace deletes the rows of {', '.join(filled)}; they are dumped first")
        return notes

    def _migrations(self, facts: Facts) -> tuple[list[str], list[str]]:
        """Returns the migrations that only the dump's database has run, and those that only this one has run."""
        dumped, current = {*(self.dump["versions"] or ())}, {*facts["migrations"]}
        return sorted(dumped - current), sorted(current - dumped)

    def _waits_for_migrations(self, facts: Facts) -> bool:
        missing, extra = self._migrations(facts)
        return self.preview and bool(missing) and not extra

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
                    f"{at}: does not contain schema_migrations, so it cannot be compared: "
                    "make it with `./sertantai dump`"
                )
            return
        missing, extra = self._migrations(facts)
        if missing and not self._waits_for_migrations(facts):
            yield (
                f"{at}: its database has run migrations that have not run here: {', '.join(missing)}: release the "
                f"image that has them first (or is it the dump of another database, {dump['database']}?)"
            )
        if extra:
            yield (
                f"{at}: lacks migrations that have run here: {', '.join(extra)}: "
                f"run them on the database {dump['database']} too, and dump it again"
            )

    def _extensions(self, facts: Facts) -> Iterator[str]:
        of_extensions = {*map(tuple, facts["of_extensions"])}
        for table in self.tables(facts):
            if _key(table) in of_extensions:
                yield (
                    f"{self.at}/dump: contains rows of {table['name']}, which belongs to an extension: "
                    f"dump again with --exclude-table-data={table['name']}"
                )

    def _differences(self, facts: Facts) -> Iterator[str]:
        if self._waits_for_migrations(facts):
            return
        columns = {_key(table): table["columns"] for table in facts["tables"]}
        rows = [row for table in self.tables(facts) for row in _compare(table, columns.get(_key(table)))]
        if rows:
            yield f"{self.at}/dump: does not fit {self.database}:"
            yield from _format_table([HEADER, *sorted(rows)])

    def _rows(self, facts: Facts) -> Iterator[str]:
        if self.replace:
            for schema, name in facts["referring"]:
                yield (
                    f"{self.at}/replace: would empty {_display(schema, name)}, which is not in the dump and refers to "
                    "a table that is: dump it too"
                )
        elif filled := self._filled(facts):
            yield f"{self.at}/dump: {', '.join(filled)} is not empty here: `replace: true` deletes its rows first"

    def _filled(self, facts: Facts) -> list[str]:
        return sorted(_display(*_key(table)) for table in facts["tables"] if table["filled"])

    def _owners(self, facts: Facts) -> Iterator[str]:
        role = facts["role"]
        for schema, name, owner in facts["of_others"]:
            yield (
                f"{self.at}: {_display(schema, name)} belongs to {owner}, and a restore runs as {role}, which must own "
                f"all tables: ALTER TABLE {_quote(schema, name)} OWNER TO {role}"
            )
        for schema, name in facts["forced"]:
            yield (
                f"{self.at}: {_display(schema, name)} forces row security on its owner, as which a restore runs: "
                f"ALTER TABLE {_quote(schema, name)} NO FORCE ROW LEVEL SECURITY while a restore is declared"
            )

    def _triggers(self, facts: Facts) -> Iterator[str]:
        if self.disable_triggers:
            return
        for table in facts["tables"]:
            if triggers := table["triggers"]:
                yield (
                    f"{self.at}/disable_triggers: must be true, since {_display(*_key(table))} has triggers "
                    f"({', '.join(triggers)}): pg_restore empties search_path, and a trigger that names a table or a "
                    "function without its schema does not find it; with true no trigger runs, and rows stay as dumped"
                )

    def _disk_space(self, facts: Facts) -> Iterator[str]:
        free, needed = _free_mb(self.postgres), 3 * self.size_mb + DISK_MB
        if free < needed:
            yield (
                f"{self.at}: {free} MB are free on PostgreSQL's disk and the dump needs {needed}, with indexes and "
                "log: make room, or take a larger disk"
            )
        home = Path.home()
        free, needed = shutil.disk_usage(home).free // MIB, self.file_mb + facts["size_mb"] + DISK_MB
        if free < needed:
            yield (
                f"{self.at}: {free} MB are free in {home} on the host and the dump needs {needed}, "
                "with a dump of the current rows: make room"
            )


def _key(table: Mapping[str, Any]) -> tuple[str, str]:
    return table["schema"], table["name"]


def _display(schema: str, name: str) -> str:
    return name if schema == "public" else f"{schema}.{name}"


def _quote(*names: str) -> str:
    """Returns a qualified name in SQL."""
    return ".".join(name if PLAIN.fullmatch(name) else '"' + name.replace('"', '""') + '"' for name in names)


def _compare(dumped: Mapping[str, Any], current: Mapping[str, str] | None) -> Iterator[tuple[str, str, str, str]]:
    """Yields the differences between a dumped table and its current columns: table, column, difference, what to do."""
    table = _display(*_key(dumped))
    if current is None:
        remedy = "a migration that creates it, on dev first; or exclude it from the dump"
        yield table, "", f"the table is {ONLY_IN_THE_DUMP}", remedy
        return
    for column in dumped["columns"]:
        if column not in current:
            yield table, column, ONLY_IN_THE_DUMP, "a migration that adds it, on dev first; or drop it there"
        elif current[column] == GENERATED:
            remedy = "a migration that makes it generated on dev too"
            yield table, column, "is generated here, plain in the dump", remedy
    for column, kind in current.items():
        if kind == REQUIRED and dumped["rows"] and column not in dumped["columns"]:
            remedy = "a migration that adds it on dev too; or give it a default"
            yield table, column, "only here, NOT NULL without a default", remedy


def _format_table(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yields the lines of a table in psql's format."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for number, row in enumerate(rows):
        cells = [cell.ljust(width) if number else cell.center(width) for cell, width in zip(row, widths, strict=True)]
        yield f" {' | '.join(cells)}".rstrip()
        if not number:
            yield "+".join("-" * (width + 2) for width in widths)


def _free_mb(postgres: str) -> int:
    """Returns the free space on the disk of PostgreSQL's data, in MB. Raises `SqlError`."""
    result = docker.execute(postgres, ["sh", "-c", 'df -Pm "$PGDATA"'])
    if result.code:
        raise SqlError(f"the free space on PostgreSQL's disk cannot be read: {result.error.strip()}")
    return int(result.out.splitlines()[1].split()[3])
