"""database-leave: a service is no longer declared: its logins go, and its database is kept.

Safe to run again: it looks at what is there.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import fingerprints, logins, psql


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--owner", required=True, help="the role that its logins become")
    parser.add_argument("--postgres", required=True, help="its container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Drops the logins that nobody uses."""
    postgres, service, database = psql.Postgres(given.postgres), given.service, given.database
    try:
        logins.drop(postgres, database, role=given.owner, prefix=database)
        fingerprints.forget(postgres, service)
    except psql.SqlError as error:
        raise psql.failed(f"{service}/database", error) from None
    command = f"docker exec {given.postgres} dropdb -U postgres {database}"
    print(f"{service}: its database {database} is kept; to drop it: {command}")
