"""release-record: record a release of services in the history. Safe to run again: it changes its own run's releases."""

import argparse
from collections.abc import Mapping
from typing import Any

from . import history, psql


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `run`, which names it; `command`, `who`, `commit`; `services`, each with `seconds` since its release has
    begun, `result` and `error`, and `images` by part if they are known.
    """
    postgres = psql.Postgres(args.postgres)
    about = {name: inputs[name] for name in ("run", "command", "who", "commit")}
    for service, release in inputs["services"].items():
        try:
            history.record(postgres, about, service, release)
        except psql.SqlError as error:
            raise psql.failure(f"{service}: its release is not in the history", error) from None
