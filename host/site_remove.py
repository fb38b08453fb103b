"""site-remove: remove the site of a service that is no longer declared. Safe to run again: a missing site is fine."""

import argparse
from collections.abc import Mapping
from typing import Any

from .gateway import Gateway, site_file


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("--gateway", required=True, help="nginx's container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Removes the site."""
    Gateway(args.gateway).remove(f"{args.service}/site", site_file(args.service))
