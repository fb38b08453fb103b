"""logins: drop the logins of a service that only its old containers used.

Safe to run again: it looks at what is there.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from . import files, psql

FIND = "SELECT datname FROM pg_database WHERE datname = :'database';"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--app", nargs="+", required=True, help="the current logins of the app and its migrations")
    parser.add_argument("--electric", help="Electric's current login")
    parser.add_argument("--postgres", required=True, help="its container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `owner` and `group`, the roles that the logins of the app and of Electric become."""
    postgres, database = psql.Postgres(given.postgres), given.database
    try:
        drop(postgres, database, role=told["owner"], prefix=database, current=given.app)
        if given.electric:
            drop(postgres, database, role=told["group"], prefix=told["group"], current=[given.electric])
    except psql.SqlError as error:
        raise psql.failed(f"{given.service}/database", error) from None


def drop(postgres: psql.Postgres, database: str, *, role: str, prefix: str, current: Sequence[str] = ()) -> None:
    """Drops the logins that become `role` and whose names begin with `prefix`, but the current ones.

    Without current ones, those stay that somebody uses.
    """
    names = {"role": role, "prefix": prefix, "current": json.dumps(list(current))}
    # What a login owns is in its database. Where an operator has dropped that, the logins are all that is left.
    where = database if is_there(postgres, database) else "postgres"
    postgres.ask(files.sql("logins_drop"), names, database=where, alone=True)


def is_there(postgres: psql.Postgres, database: str) -> bool:
    """Whether there is such a database."""
    return bool(postgres.ask(FIND, {"database": database}).strip())
