"""network-remove: the network goes, as the last of everything. Safe to run again: one that is gone is fine."""

import argparse
from collections.abc import Mapping
from typing import Any

from . import network


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("--stack", required=True)


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Removes the network."""
    network.remove(given.name, given.stack)
