"""backup-status: print the state of backups as JSON, with a list of problems. Changes nothing."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from . import backups
from .failure import Failure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container", help="the backup container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints it."""
    try:
        print(backups.call(args.container, "status").strip())
    except Failure as failure:
        print(json.dumps({"problems": [str(failure)]}))
