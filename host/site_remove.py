"""site-remove: the site of a service that is no longer declared goes. Safe to run again: one that is gone is fine."""

import argparse
from collections.abc import Mapping
from typing import Any

from .gateway import Gateway, site


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("--gateway", required=True, help="nginx's container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Removes the site."""
    Gateway(given.gateway).remove(f"{given.service}/site", site(given.service))
