"""network: the one network of all containers, a bridge.

A step and not the provider's resource: that one waits 2 s at every read. Safe to run again: a network that is there and
is ours stays as it is.
"""

import argparse
import json
import uuid
from collections.abc import Mapping
from typing import Any

from . import docker
from .failure import Failure

STACK, FINGERPRINT = "sertantai.stack", "sertantai.fingerprint"
UNTOUCHED = "none"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--subnet", required=True)
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--ip-range", required=True, help="the addresses that Docker gives out by itself")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Makes the network, unless it is there. Stdin: `fingerprint`, which is kept on it."""
    found = _inspect(given.name)
    if found is None:
        docker.ask(
            *("network", "create", "--driver", "bridge", "--subnet", given.subnet),
            *("--gateway", given.gateway, "--ip-range", given.ip_range),
            *("--label", f"{STACK}={given.stack}", "--label", f"{FINGERPRINT}={told['fingerprint']}", given.name),
        )
        return
    owner = found["Labels"].get(STACK)
    if owner != given.stack:
        whose = f"the stack {owner}" if owner else "something else"
        raise Failure(
            f"network/name: the network {given.name} already exists and belongs to {whose}: choose another name"
        )
    subnets = [each["Subnet"] for each in found["IPAM"]["Config"]]
    if subnets != [given.subnet]:
        raise Failure(
            f"network/subnet: the network {given.name} already exists with the subnet {' '.join(subnets)}: "
            "give network/name another name too; then the containers move over, and the old network is removed"
        )


def fingerprint(name: str) -> str:
    """What the network was made with.

    Without a network it is a new value at each reading: the step runs again whatever it was made with, also on a server
    that was made again.
    """
    found = _inspect(name)
    return str(found["Labels"].get(FINGERPRINT, UNTOUCHED)) if found else f"gone-{uuid.uuid4().hex[:12]}"


def remove(name: str, stack: str) -> None:
    """Removes the network, unless it is gone or another's."""
    found = _inspect(name)
    if found and found["Labels"].get(STACK) == stack:
        try:
            docker.ask("network", "rm", name)
        except docker.Refused as refused:
            raise Failure(
                f"network/name: {refused}: stop the containers that are still on it, then run it again"
            ) from None


def _inspect(name: str) -> dict[str, Any] | None:
    # By its exact name: `network inspect` would also take the beginning of an ID.
    if name not in docker.ask("network", "ls", "--format", "{{.Name}}").split():
        return None
    found: dict[str, Any] = json.loads(docker.ask("network", "inspect", name))[0]
    return found
