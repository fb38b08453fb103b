"""redis-user-remove: a service no longer uses Redis: its user goes, and its keys are kept.

Safe to run again: a user that is gone is fine.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import docker, redis_user
from .failure import Failure
from .retire import SERVICE, STACK


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("user")
    parser.add_argument("--prefix", required=True, help="what its keys begin with")
    parser.add_argument("--redis", required=True, help="its container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Removes the user, unless a container that may still serve has its URL."""
    service = given.service
    url = f"redis://{given.user}:"
    for container in docker.names({STACK: given.stack, SERVICE: service}, running=True):
        if any(url in entry for entry in docker.inspect(container)["Config"]["Env"]):
            raise Failure(f"{service}/redis: is still in use; run up again")
    redis_user.change(service, given.redis, ["DELUSER", given.user])
    remove = f"redis-cli --scan --pattern {given.prefix}* | xargs redis-cli unlink"
    print(f"{service}: its keys in Redis are kept; to remove them: docker exec {given.redis} sh -c '{remove}'")
