"""recover-settle: forget what the platform has recorded in a cluster that was recovered, and let `up` check all of it.

Safe to run again: `up` then records everything again.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import files, psql


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container", help="PostgreSQL's")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Forgets the records. Without them each Electric begins with empty shapes: its slots are of another timeline."""
    try:
        psql.Postgres(args.container).query(files.sql("recovery_settle"), exclusive=True)
    except psql.SqlError as error:
        raise psql.failure("postgres", error) from None
