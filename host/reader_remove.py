"""reader-remove: drop a service's read-only logins to another service's database, and the last reader's group.

Safe to run again: it drops what exists.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import files, logins, psql


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("of", help="the service that owns the database")
    parser.add_argument("database")
    parser.add_argument("--owner", required=True, help="the role that owns the database")
    parser.add_argument("--group", required=True, help="the role of all its readers")
    parser.add_argument("--prefix", required=True, help="how the names of the service's logins begin")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Drops the logins without a session, then the group if no login is left."""
    postgres, database = psql.Postgres(args.postgres), args.database
    names = {"database": database, "owner": args.owner, "group": args.group}
    try:
        own = f"^reads-{args.of}/{args.service}$"
        logins.drop(postgres, database, role=args.group, prefix=args.prefix, own=own)
        if logins.database_exists(postgres, database):
            logins.drop_group(postgres, database, args.group)
            postgres.query(files.sql("readers_remove"), names, database=database, exclusive=True)
            # Now that it has no rights in the database either.
            logins.drop_group(postgres, database, args.group)
    except psql.SqlError as error:
        raise psql.failure(f"{args.service}/database/reads", error) from None
