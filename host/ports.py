"""ports: check that the gateway's ports are free or its own, before the old gateway is stopped.

Safe to run again: it changes nothing.
"""

import argparse
import socket
from collections.abc import Mapping
from typing import Any

from . import docker
from .failure import Failure

ANY_ADDRESS = "0.0.0.0"  # noqa: S104 - compared with a setting, not listened on


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container")
    parser.add_argument("--address", required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--https-port", type=int, required=True)


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Raises a `Failure` that names every port of another program."""
    address = "127.0.0.1" if args.address == ANY_ADDRESS else args.address
    own = docker.run("port", args.container).out.split()
    wanted = {"http_port": args.http_port, "https_port": args.https_port}
    taken = [
        f"nginx/{setting}: port {port} is taken by {_port_owner(port)}; stop that or choose another port"
        for setting, port in wanted.items()
        if not any(published.endswith(f":{port}") for published in own) and _is_taken(address, port)
    ]
    if taken:
        raise Failure("\n".join(taken))


def _is_taken(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return False
    return True


def _port_owner(port: int) -> str:
    containers = docker.check_output("ps", "--filter", f"publish={port}", "--format", "{{.Names}}").split()
    return f"the container {containers[0]}" if containers else "another program"
