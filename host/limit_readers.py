"""limit-readers: give the readers of a database their rights on what a release has created there.

Safe to run again: it ends with the same rights.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import catalogue, psql, rights


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--owner", required=True, help="the role that owns the database")
    parser.add_argument("--group", required=True, help="the role of all its readers")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `images`, the release's, so that it runs again for each release."""
    postgres = psql.Postgres(args.postgres)
    names = {"database": args.database, "owner": args.owner, "group": args.group}
    subject = f"{args.service}/readers"
    try:
        rights.create_group(postgres, names)
        with catalogue.wait_for_migration(args.postgres, args.database, subject):
            rights.limit(postgres, names)
    except psql.SqlError as error:
        raise psql.failure(subject, error) from None
