"""recover-settle: after another cluster became the running one, let `up` begin each Electric with empty shapes.

Safe to run again: `up` records each cut-over again.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import files, psql, recovery


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Forgets the records of the cut-overs."""
    names = recovery.Names(args.stack)
    try:
        psql.Postgres(names.of("postgres")).query(files.sql("recovery_settle"), exclusive=True)
    except psql.SqlError as error:
        raise psql.failure("postgres", error) from None
    names.prepared.unlink(missing_ok=True)
