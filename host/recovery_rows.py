"""Counts the rows of a database's tables, never as the superuser."""

import json
from collections.abc import Mapping

from . import files
from .psql import Postgres, SqlError
from .rows import Rows

MOST_BYTES = 2 << 30
"""A larger table is not counted: the running cluster has other work."""
DATABASES = """SELECT json_object_agg(datname, CASE WHEN rolsuper THEN '' ELSE rolname END)
  FROM pg_database JOIN pg_roles ON pg_roles.oid = datdba WHERE datallowconn AND datname NOT LIKE 'template_';"""


class RecoveryRows(Rows):
    """The rows of one database of a recovered or running cluster."""

    @property
    def login(self) -> str:
        """A login of its own: a restore may be at work with the restore's."""
        return f"{self.database}-recover"


def databases(container: str) -> dict[str, str]:
    """Returns the owners of all databases by name; without a name if a superuser owns it. Raises `SqlError`."""
    owners: dict[str, str] = json.loads(Postgres(container).query(DATABASES))
    return {name: owner for name, owner in owners.items() if name != "postgres"}


def rows(container: str, database: str, owner: str) -> RecoveryRows:
    """Returns the rows of a database."""
    return RecoveryRows(postgres=Postgres(container), database=database, owner=owner, excluded_tables=[])


def count(container: str, database: str, owner: str) -> Mapping[str, int]:
    """Returns the number of rows by table, without tables that are too large. Raises `SqlError`."""
    counted = rows(container, database, owner)
    counted.create_login()
    try:
        lines = counted.query(files.sql("recovery_rows"), {"most": str(MOST_BYTES)}).splitlines()
    finally:
        counted.drop_login()
    return dict(json.loads(line) for line in lines if line)


def count_or_nothing(container: str, database: str, owner: str) -> Mapping[str, int] | None:
    """As `count`. None: a superuser owns the database, or it cannot be counted."""
    try:
        return count(container, database, owner) if owner else None
    except SqlError:
        return None
