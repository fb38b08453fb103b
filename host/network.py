"""network: create the one network of all containers, a bridge.

It is a step, since the provider's resource waits 2 s at each read. Safe to run again: the stack's own network stays as
it is.
"""

import argparse
import json
import time
import uuid
from collections.abc import Mapping
from typing import Any

from . import docker
from .failure import Failure

STACK, FINGERPRINT = "sertantai.stack", "sertantai.fingerprint"
NO_FINGERPRINT = "none"
GONE = "gone-"
LEAVE_S, POLL_S = 30, 0.2
"""How long a container may still hold the network after Docker says that the container is gone."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("name")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--subnet", required=True)
    parser.add_argument("--gateway", required=True)
    parser.add_argument("--ip-range", required=True, help="the addresses that Docker may assign")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Creates the network, unless it exists. Stdin: `fingerprint`, which becomes its label."""
    existing = _inspect(args.name)
    if existing is None:
        docker.check_output(
            *("network", "create", "--driver", "bridge", "--subnet", args.subnet),
            *("--gateway", args.gateway, "--ip-range", args.ip_range),
            *("--label", f"{STACK}={args.stack}", "--label", f"{FINGERPRINT}={inputs['fingerprint']}", args.name),
        )
        return
    owner = existing["Labels"].get(STACK)
    if owner != args.stack:
        owner_name = f"the stack {owner}" if owner else "something else"
        raise Failure(
            f"network/name: the network {args.name} already exists and belongs to {owner_name}: choose another name"
        )
    subnets = [config["Subnet"] for config in existing["IPAM"]["Config"]]
    if subnets != [args.subnet]:
        raise Failure(
            f"network/subnet: the network {args.name} already exists with the subnet {' '.join(subnets)}: "
            "give network/name another name too; then the containers move, and the old network is removed"
        )


def fingerprint(name: str) -> str:
    """Returns the fingerprint that the network was created with.

    Without a network, each call returns a new value, so that the step runs again, also on a new server.
    """
    existing = _inspect(name)
    return str(existing["Labels"].get(FINGERPRINT, NO_FINGERPRINT)) if existing else gone()


def gone() -> str:
    """Returns the fingerprint of a thing that does not exist, which differs at each call."""
    return f"{GONE}{uuid.uuid4().hex[:12]}"


def remove(name: str, stack: str) -> None:
    """Removes the network if it belongs to the stack. A missing one is fine."""
    existing = _inspect(name)
    if not existing or existing["Labels"].get(STACK) != stack:
        return
    end = time.monotonic() + LEAVE_S
    while True:
        try:
            docker.check_output("network", "rm", name)
            return
        except docker.NotFound:
            return
        except docker.Refused as refused:
            if time.monotonic() >= end:
                raise Failure(
                    f"network/name: {refused}: stop the containers that still use it, then run this again"
                ) from None
        time.sleep(POLL_S)


def _inspect(name: str) -> dict[str, Any] | None:
    # The exact name: `network inspect` would also accept the beginning of an ID.
    if name not in docker.check_output("network", "ls", "--format", "{{.Name}}").split():
        return None
    description: dict[str, Any] = json.loads(docker.check_output("network", "inspect", name))[0]
    return description
