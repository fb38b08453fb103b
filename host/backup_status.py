"""backup-status: print the state of backups as JSON, with a list of problems. Changes nothing."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from . import backups, docker
from .failure import Failure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container", help="the backup container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints it. `exists` is false if the container is missing, as before the first `up`."""
    try:
        print(backups.call(args.container, "status").strip())
    except Failure as failure:
        missing = {} if docker.exists(args.container) else {"exists": False}
        print(json.dumps({"problems": [str(failure)], **missing}))
