"""restored: print which dumps a database has. Changes nothing."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from . import docker, files
from .failure import Failure
from .psql import Postgres, SqlError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("database")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints them as JSON, the newest first: `digest`, `at` (UTC) and `path`. None if PostgreSQL does not answer.

    Stdin: `owner`, the role that the app's logins become.
    """
    postgres = Postgres(args.postgres)
    dumps: list[dict[str, str]] = []
    try:
        if login := find_login(postgres, args.database, inputs["owner"]):
            dumps = json.loads(postgres.query(files.sql("restored"), database=args.database, user=login))
    except (SqlError, docker.NotFound, docker.Refused, Failure):
        pass
    print(json.dumps(dumps))


def find_login(postgres: Postgres, database: str, owner: str) -> str:
    """Returns a login of the app, to read the app's tables. Empty if the database does not exist yet."""
    return postgres.query(files.sql("restore_login_find"), {"database": database, "owner": owner}).strip()
