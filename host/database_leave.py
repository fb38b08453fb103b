"""database-leave: drop the logins of a removed service. Its database is kept.

Safe to run again: it drops what exists.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import fingerprints, logins, psql


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--owner", required=True, help="the role that its logins become")
    parser.add_argument("--prefix", help="how the names of its logins begin, if the database is another service's")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Drops the logins without a session."""
    postgres, service, database = psql.Postgres(args.postgres), args.service, args.database
    try:
        logins.drop(postgres, database, role=args.owner, prefix=args.prefix or database, own=f"/{service}$")
        fingerprints.remove(postgres, service)
    except psql.SqlError as error:
        raise psql.failure(f"{service}/database", error) from None
    if args.prefix:
        return
    command = f"docker exec {args.postgres} dropdb -U postgres {database}"
    print(f"{service}: its database {database} is kept; to drop it: {command}")
