"""redis-user-remove: remove the user of a service that no longer uses Redis. Its keys are kept.

Safe to run again: a missing user is fine.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import docker, redis_user
from .failure import Failure
from .retire import SERVICE, STACK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("user")
    parser.add_argument("--prefix", required=True, help="its keys' prefix")
    parser.add_argument("--redis", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Removes the user, unless a running container, which may serve, has its URL."""
    service = args.service
    url = f"redis://{args.user}:"
    names = docker.list_containers({STACK: args.stack, SERVICE: service}, running=True)
    if any(url in entry for container in docker.inspect_existing(names) for entry in container["Config"]["Env"]):
        raise Failure(f"{service}/redis: is still in use; run up again")
    redis_user.change(service, args.redis, ["DELUSER", args.user])
    remove = f"redis-cli --scan --pattern {args.prefix}* | xargs redis-cli unlink"
    print(f"{service}: its keys in Redis are kept; to remove them: docker exec {args.redis} sh -c '{remove}'")
