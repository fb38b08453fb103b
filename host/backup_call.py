"""backup-call: call a word of the program in the backup container, such as `backup` or `verify`. Safe to run again."""

import argparse
from collections.abc import Mapping
from typing import Any

from . import backups


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container", help="the backup container")
    parser.add_argument("words", nargs="+")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints what the program prints."""
    print(backups.call(args.container, *args.words).strip())
