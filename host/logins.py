"""logins: drop the logins of a service's old containers.

Safe to run again: it drops what exists.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from . import files, psql

FIND = "SELECT datname FROM pg_database WHERE datname = :'database';"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--app", nargs="+", required=True, help="the current logins of the app and its migrations")
    parser.add_argument("--electric", help="Electric's current login")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `owner` and `group`, the roles that the logins of the app and of Electric become; `prefix` of the app's
    logins, by default the database's name.
    """
    postgres, database, own = psql.Postgres(args.postgres), args.database, f"/{args.service}$"
    try:
        prefix = inputs.get("prefix", database)
        drop(postgres, database, role=inputs["owner"], prefix=prefix, own=own, current=args.app)
        if args.electric:
            group = inputs["group"]
            drop(postgres, database, role=group, prefix=group, own=own, current=[args.electric])
    except psql.SqlError as error:
        raise psql.failure(f"{args.service}/database", error) from None


def drop(
    postgres: psql.Postgres, database: str, *, role: str, prefix: str, own: str, current: Sequence[str] = ()
) -> None:
    """Drops the logins that become `role` and whose names begin with `prefix`, except the `current` ones.

    Those of another service stay: it may have taken the database over. `own` is a pattern of the fingerprints of the
    logins that are not another's. Without current ones, logins with a session stay.
    """
    others = postgres.query(files.sql("logins_others"), {"own": own}).strip()
    names = {"role": role, "prefix": prefix, "current": json.dumps(list(current)), "others": others}
    # A login's objects are in its database. If an operator has dropped the database, only the logins are left.
    connect_to = database if database_exists(postgres, database) else "postgres"
    postgres.query(files.sql("logins_drop"), names, database=connect_to, exclusive=True)


def drop_group(postgres: psql.Postgres, database: str, group: str) -> None:
    """Drops a role that logins become, if none is left, and takes its rights on the database."""
    postgres.query(files.sql("group_remove"), {"database": database, "group": group}, exclusive=True)


def database_exists(postgres: psql.Postgres, database: str) -> bool:
    """Whether the database exists."""
    return bool(postgres.query(FIND, {"database": database}).strip())
