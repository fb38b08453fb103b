"""network-remove: remove the network, after everything else. Safe to run again: a missing network is fine.

A recovered cluster, which no resource declares, is removed first; its volume is kept.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import docker, network, recovery


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("--stack", required=True)


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Removes the network."""
    for container in docker.list_containers({recovery.STACK: args.stack, recovery.PART: "recovered"}):
        docker.remove(container)
        print(f"network/name: removed the recovered cluster {container}; its volume is kept")
    network.remove(args.name, args.stack)
