"""restore-wait: wait until no restore runs, such as one that a killed `up` has left to the host. Changes nothing."""

import argparse
from collections.abc import Mapping
from typing import Any

from . import slots


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Returns once it has ended."""
    with slots.wait_for_restore(args.stack, args.stack):
        pass
