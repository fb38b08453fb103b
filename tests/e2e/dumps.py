"""A developer's database, dumps of it, and the content of the service's own database, to the last byte."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .foundation import inside
from .laws import LEGAL
from .platform import STACK, Platform

DEV = "legal_dev"
ON_HOST = Path.home() / ".sertantai" / STACK
# Every row of every table, and the value of every sequence. The restores' own records are no data.
ROWS = "SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), %L)) || count(*) AS sum FROM %I.%I AS t"
CHECKSUM = f"""
SELECT string_agg(line, chr(10) ORDER BY line) FROM (
  SELECT format('%s.%s %s', schemaname, tablename, (xpath('/row/sum/text()', query_to_xml(
    format('{ROWS}', '', schemaname, tablename), false, true, '')))[1]) AS line
  FROM pg_tables WHERE schemaname !~ '^(pg_|information_schema)' AND tablename <> 'sertantai_restores'
  UNION ALL SELECT format('%s.%s %s', schemaname, sequencename, coalesce(last_value, 0)) FROM pg_sequences
) AS lines
"""


def checksum(platform: Platform, database: str = LEGAL) -> str:
    """Returns one text for the whole content of a database."""
    return platform.sql(CHECKSUM.replace("\n", " "), database)


class Dev:
    """A database with the same tables as the service's own, and its own rows."""

    def __init__(self, platform: Platform, database: str = LEGAL) -> None:
        self.platform = platform
        platform.sql(f"DROP DATABASE IF EXISTS {DEV}")
        platform.sql(f"CREATE DATABASE {DEV}")
        schema = f"pg_dump -U postgres -s -x -O -T sertantai_restores {database}"
        migrations = f"pg_dump -U postgres -a -x -O -t schema_migrations {database}"
        feed = f"psql -q -v ON_ERROR_STOP=1 -U postgres {DEV}"
        inside(platform, "postgres", f"({schema}; {migrations}) | {feed}")

    def sql(self, statement: str) -> str:
        return self.platform.sql(statement, DEV)

    def laws(self, count: int) -> None:
        self.sql(
            "INSERT INTO uk_lrt (name, title, year) "
            f"SELECT 'law ' || g, 'title ' || g, 1900 + g % 100 FROM generate_series(1, {count}) g"
        )

    def dump(self, name: str = "legal.dump", options: str = "--format=custom --data-only") -> str:
        """Returns its path relative to the project's folder."""
        folder = self.platform.folder / "dumps"
        folder.mkdir(exist_ok=True)
        command = ["docker", "exec", f"sertantai-{STACK}-postgres", "sh", "-c", f"pg_dump -U postgres {options} {DEV}"]
        with (folder / name).open("wb") as file:
            subprocess.run(command, stdout=file, stderr=subprocess.DEVNULL, check=True)
        return f"dumps/{name}"


def as_app(platform: Platform, statement: str) -> None:
    """Changes the service's database as its app, which owns all of it."""
    platform.sql(f"SET ROLE {LEGAL}_owner; {statement}", LEGAL)


def ask_for(platform: Platform, dump: str, service: str = "legal", **more: Any) -> None:
    """Declares the restore of a dump."""
    platform.services[service]["restore"] = {"dump": dump, **more}


@pytest.fixture
def dev(platform: Platform) -> Iterator[Dev]:
    """The database is empty except for its migrations, and so are the service's own tables, before and after."""

    def clean() -> None:
        platform.sql("TRUNCATE uk_lrt, items RESTART IDENTITY", LEGAL)
        platform.sql("DROP TABLE IF EXISTS sertantai_restores", LEGAL)
        shutil.rmtree(ON_HOST, ignore_errors=True)

    clean()
    yield Dev(platform)
    clean()
    platform.sql(f"DROP DATABASE IF EXISTS {DEV} WITH (FORCE)")
