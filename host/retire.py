"""retire: drain and remove all containers of a service that no longer serve.

Safe to run again: it removes what exists.
"""

import argparse
import time
from collections.abc import Collection, Mapping
from typing import Any

from . import docker, storage
from .failure import Failure

STACK, SERVICE, PART = "sertantai.stack", "sertantai.service", "sertantai.part"
ELECTRIC = "electric"
POLL_S = 0.2
# Anchored: an unanchored pattern would match this script's own command line.
SHUTS_DOWN = "grep -qs '^nginx: worker process is shutting down' /proc/[0-9]*/cmdline"
DRAINED = "drained"
IS_DRAINED = ["sh", "-c", f"if {SHUTS_DOWN}; then echo draining; else echo {DRAINED}; fi"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("--keep", nargs="*", required=True, help="the containers that serve")
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--drain", type=int, required=True, help="seconds for requests in flight in the gateway")
    parser.add_argument("--grace", type=int, required=True, help="seconds for a container to stop")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Drains, stops and removes the old containers, then removes the storage of old Electrics."""
    if containers := old_containers(args.stack, args.service, args.keep):
        drain(args.service, args.gateway, args.drain)
        remove(args.service, containers, args.grace)
    for electric in docker.list_containers({STACK: args.stack, SERVICE: args.service, PART: ELECTRIC}, running=True):
        storage.prune(f"{args.service}/electric", electric)


def old_containers(stack: str, service: str, keep: Collection[str] = ()) -> list[str]:
    """Returns all containers of a service, except those to keep. Raises a `Failure` if Docker does not answer."""
    return [name for name in docker.list_containers({STACK: stack, SERVICE: service}) if name not in keep]


def remove(service: str, containers: list[str], grace_s: int) -> None:
    """Stops and removes containers."""
    docker.stop(containers, grace_s)
    for container in containers:
        if not docker.remove(container):
            raise Failure(f"{service}: container {container} cannot be removed; run up again")
    print(f"{service}: removed {' '.join(containers)}")


def drain(subject: str, gateway: str, drain_s: int) -> None:
    """Waits until the gateway's old workers have no requests in flight, for at most `drain_s` seconds.

    An old worker may have requests of any service.
    """
    end = time.monotonic() + drain_s
    while not _is_drained(gateway):
        if time.monotonic() >= end:
            print(f"{subject}: after {drain_s} s the gateway still had requests in flight, of this service or another")
            return
        time.sleep(POLL_S)


def _is_drained(gateway: str) -> bool:
    """Whether no old worker is left. A gateway that cannot be asked for a moment may still have requests in flight."""
    said = docker.execute(gateway, IS_DRAINED).out.strip()
    return said == DRAINED or (not said and not docker.is_running(gateway))
