"""retire: remove every container of a service that no longer serves.

Safe to run again: it looks at what is there.
"""

import argparse
import time
from collections.abc import Collection, Mapping
from typing import Any

from . import docker, storage
from .failure import Failure

STACK, SERVICE, PART = "sertantai.stack", "sertantai.service", "sertantai.part"
ELECTRIC = "electric"
LOOK_S = 0.2
# Anchored: an unanchored pattern would match this script's own command line.
SHUTS_DOWN = ["sh", "-c", "grep -qs '^nginx: worker process is shutting down' /proc/[0-9]*/cmdline"]


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("--keep", nargs="+", required=True, help="the containers that serve")
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--drain", type=int, required=True, help="seconds for what is in flight in the gateway")
    parser.add_argument("--grace", type=int, required=True, help="seconds for a container to stop")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Drains, stops and removes; then the storage that only an old Electric had."""
    if containers := old(given.stack, given.service, given.keep):
        drain(given.service, given.gateway, given.drain)
        remove(given.service, containers, given.grace)
    for electric in docker.names({STACK: given.stack, SERVICE: given.service, PART: ELECTRIC}, running=True):
        storage.prune(f"{given.service}/electric", electric)


def old(stack: str, service: str, keep: Collection[str] = ()) -> list[str]:
    """All containers of a service but those to keep; a `Failure` if Docker does not answer."""
    return [name for name in docker.names({STACK: stack, SERVICE: service}) if name not in keep]


def remove(service: str, containers: list[str], grace_s: int) -> None:
    """Stops and removes containers."""
    docker.stop(containers, grace_s)
    for container in containers:
        if not docker.remove(container):
            raise Failure(f"{service}: container {container} cannot be removed; run up again")
    print(f"{service}: removed {' '.join(containers)}")


def drain(what: str, gateway: str, drain_s: int) -> None:
    """Waits, at most `drain_s`, until no worker of the gateway that is shutting down has requests in flight."""
    end = time.monotonic() + drain_s
    while docker.execute(gateway, SHUTS_DOWN).code == 0:
        if time.monotonic() >= end:
            print(f"{what}: requests still ran after {drain_s} s and are ended now")
            return
        time.sleep(LOOK_S)
