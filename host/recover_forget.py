"""recover-forget: delete an old volume of PostgreSQL, which a recovery has replaced. Safe to run again."""

import argparse
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
    if not names.is_postgres(args.volume):
        raise Failure(f"--forget: {args.volume} is no volume of PostgreSQL that the platform has made")
    with names.locked():
        # Without that container, nothing tells which volume has the data.
        if recovery.Running.read(args.stack).volume == args.volume:
            raise Failure(f"--forget: {args.volume} has the data of the running cluster")
        if names.is_begun(args.volume) or names.is_prepared(args.volume):
            raise Failure(f"--forget: {args.volume} is of an interrupted recovery: `./sertantai recover --drop` first")
        try:
            removed = recovery.remove_volume(args.volume)
        except docker.Refused as refused:
            raise Failure(f"--forget: {args.volume} is in use: {refused}") from None
        print(f"recover: {'removed' if removed else 'there is no volume'} {args.volume}")
