"""volumes-remove: remove the volumes that are left of a stack, after everything else of it. Safe to run again."""

import argparse
from collections.abc import Mapping
from typing import Any

from . import docker
from .failure import Failure
from .retire import STACK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Removes the volumes, unless containers of the stack are left."""
    if containers := docker.list_containers({STACK: args.stack}):
        raise Failure(f"{args.stack}: containers are left ({' '.join(containers)}), so no volume was removed")
    for volume in docker.check_output("volume", "ls", "-q", "--filter", f"label={STACK}={args.stack}").split():
        docker.remove_volume(volume)
        print(f"{args.stack}: removed the volume {volume}")
