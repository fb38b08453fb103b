"""backup-keys-printed: record that somebody has printed the keys of a recovery. Safe to run again."""

import argparse
from collections.abc import Mapping
from typing import Any

from . import backups


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container", help="the backup container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Lets the program in the container record it."""
    backups.call(args.container, "keys-printed")
