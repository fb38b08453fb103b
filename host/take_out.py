"""take-out: remove all containers of a service that is no longer declared, and the images that only it had.

It runs after the service's site is gone. Safe to run again: it looks at what is there.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import prune_images, retire


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("--postgres", required=True, help="its container")
    parser.add_argument("--grace", type=int, required=True, help="seconds for a container to stop")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stops and removes."""
    if containers := retire.old(given.stack, given.service):
        retire.remove(given.service, containers, given.grace)
    prune_images.prune(given.service, {}, given.postgres)
