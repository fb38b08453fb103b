"""recover-settle: after another cluster became the running one, let `up` begin each Electric with empty shapes.

Safe to run again: `up` records each cut-over again.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import files, psql


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container", help="PostgreSQL's")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Forgets the records of the cut-overs."""
    try:
        psql.Postgres(args.container).query(files.sql("recovery_settle"), exclusive=True)
    except psql.SqlError as error:
        raise psql.failure("postgres", error) from None
