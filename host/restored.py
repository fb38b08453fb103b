"""restored: which dumps a database has. Changes nothing."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from . import docker, files
from .failure import Failure
from .psql import Postgres, SqlError


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("database")
    parser.add_argument("--postgres", required=True, help="its container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Prints them as JSON, the newest first: `digest`, `at` in UTC, and the `path` it had; none if it does not answer.

    Stdin: `owner`, the role that the app's logins become.
    """
    postgres = Postgres(given.postgres)
    known: list[dict[str, str]] = []
    try:
        if login := find_login(postgres, given.database, told["owner"]):
            known = json.loads(postgres.ask(files.sql("restored"), database=given.database, user=login))
    except (SqlError, docker.NotFound, docker.Refused, Failure):
        pass
    print(json.dumps(known))


def find_login(postgres: Postgres, database: str, owner: str) -> str:
    """A login of the app's, by which its own tables are read; nothing where there is no such database yet."""
    return postgres.ask(files.sql("restore_login_find"), {"database": database, "owner": owner}).strip()
