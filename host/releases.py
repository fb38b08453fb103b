"""releases: print the history of releases. Changes nothing."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from . import history, psql


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--service", default="", help="of this one alone")
    parser.add_argument("--last", type=int, default=50, help="of each service")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints them as JSON, the newest first."""
    try:
        releases = history.read(psql.Postgres(args.postgres), args.service, args.last)
    except psql.SqlError as error:
        raise psql.failure("releases", error) from None
    print(json.dumps(releases))
