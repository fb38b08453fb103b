"""disconnect: disconnect nginx from the networks that no site needs any more.

It runs after a site is removed or has another container. Networks that an operator has connected nginx to stay. Safe to
run again: what is left is right.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import connection, docker


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site")
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--network", required=True, help="the platform's own")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Disconnects nginx, if it runs: the files of the sites are read in its container."""
    with connection.changing(args.gateway):
        if not docker.is_running(args.gateway):
            return
        for network in connection.unneeded(args.gateway, args.network):
            connection.disconnect(args.gateway, network)
            print(f"{args.site}: nginx has left the network {network}")
