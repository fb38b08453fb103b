"""connect: connect nginx to a network of a container that the platform did not make.

The container is only inspected. Safe to run again: an existing connection stays.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import connection
from .failure import Failure
from .gateway import Gateway


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("site")
    parser.add_argument("container")
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--network", required=True, help="the platform's own")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Connects nginx, unless it is connected or cannot be. Stdin: `fingerprint`, which is stored with the connection.

    A container that does not exist is no failure: the program warns about it in each preview and `up`.
    """
    subject = f"sites/{args.site}/container"
    with connection.changing(args.gateway):
        current = connection.read(args.gateway, args.network, [args.container])[args.container]
        if not current.joined and not current.candidates:
            return
        if not current.joined:
            network = current.candidates[0]
            try:
                connection.connect(args.gateway, network, inputs["fingerprint"])
            except Failure as failure:
                raise Failure(f"{subject}: {failure}") from None
            print(f"{args.site}: nginx has joined the network {network}")
    # Also if another site has connected nginx to the container's network.
    Gateway(args.gateway).resolve_requests(subject, args.container)
