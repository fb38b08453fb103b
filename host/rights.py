"""The rights of a database's readers: to read all that its owner has, now and later, and to change nothing."""

from collections.abc import Mapping

from . import files
from .psql import Postgres


def create_group(postgres: Postgres, names: Mapping[str, str]) -> None:
    """Creates the role that the readers' logins become. `names` are `database`, its `owner`, and this `group`."""
    postgres.query(files.sql("readers"), names, exclusive=True)


def limit(postgres: Postgres, names: Mapping[str, str]) -> None:
    """Gives the group its rights in the database, and takes all others from it."""
    postgres.query(files.sql("readers_inside"), names, database=names["database"], exclusive=True)
