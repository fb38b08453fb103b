"""ports: the gateway's ports are free, or its own already. Asked before the old gateway is stopped.

Safe to run again: it only asks.
"""

import argparse
import socket
from collections.abc import Mapping
from typing import Any

from . import docker
from .failure import Failure

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is asked about, not where to listen


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container")
    parser.add_argument("--address", required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--https-port", type=int, required=True)


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """A `Failure` that names every port that another program has."""
    address = "127.0.0.1" if given.address == EVERYWHERE else given.address
    own = docker.run("port", given.container).out.split()
    wanted = {"http_port": given.http_port, "https_port": given.https_port}
    taken = [
        f"nginx/{setting}: port {port} is taken by {_holder(port)}; stop that or choose another port"
        for setting, port in wanted.items()
        if not any(each.endswith(f":{port}") for each in own) and _is_taken(address, port)
    ]
    if taken:
        raise Failure("\n".join(taken))


def _is_taken(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=5).close()
    except OSError:
        return False
    return True


def _holder(port: int) -> str:
    containers = docker.ask("ps", "--filter", f"publish={port}", "--format", "{{.Names}}").split()
    return f"the container {containers[0]}" if containers else "another program"
