"""network-remove: remove the network, after everything else. Safe to run again: a missing network is fine."""

import argparse
from collections.abc import Mapping
from typing import Any

from . import network


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("--stack", required=True)


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Removes the network."""
    network.remove(args.name, args.stack)
