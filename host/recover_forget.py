"""recover-forget: delete an old volume of PostgreSQL, which a recovery has replaced. Safe to run again."""

import argparse
import re
from collections.abc import Mapping
from typing import Any

from . import docker, recovery
from .failure import Failure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("volume")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Deletes the volume, unless it is the running cluster's or could be."""
    names = recovery.Names(args.stack)
    if not re.fullmatch(rf"{re.escape(names.of('postgres'))}(-\d{{8}}T\d{{6}}Z)?", args.volume):
        raise Failure(f"--forget: {args.volume} is no volume of PostgreSQL that the platform has made")
    with names.locked():
        # Without that container, nothing tells which volume has the data.
        if recovery.Running.read(args.stack).volume == args.volume:
            raise Failure(f"--forget: {args.volume} has the data of the running cluster")
        try:
            removed = recovery.remove_volume(args.volume)
        except docker.Refused as refused:
            raise Failure(f"--forget: {args.volume} is in use: {refused}") from None
        print(f"recover: {'removed' if removed else 'there is no volume'} {args.volume}")
