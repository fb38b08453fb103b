"""take-out: remove all containers and images of a service that is no longer declared.

It runs after the service's site is removed. Safe to run again: it removes what exists.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import prune_images, retire


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("--postgres", required=True, help="its container")
    parser.add_argument("--grace", type=int, required=True, help="seconds for a container to stop")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stops and removes the containers, then removes the images."""
    if containers := retire.old_containers(args.stack, args.service):
        retire.remove(args.service, containers, args.grace)
    prune_images.prune(args.service, {}, args.postgres)
