"""redis-user: set the rules of a service's user on the shared Redis and add a password, or remove old passwords.

Safe to run again: it ends with the same user. Open connections stay open.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from . import docker
from .failure import Failure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("user")
    parser.add_argument("--redis", required=True, help="its container")
    parser.add_argument("--only-password", action="store_true", help="remove all other passwords")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `password`, as Redis stores it; `rules`, the user's."""
    rules = ["resetpass"] if args.only_password else inputs["rules"]
    change(args.service, args.redis, ["SETUSER", args.user, *rules], inputs["password"])


def change(service: str, container: str, command: Sequence[str], last: str | None = None) -> None:
    """Changes a user, and saves all users to disk. `last` is the command's last argument, passed by stdin."""
    change_user = [*(["-x"] if last is not None else []), "ACL", *command]
    for arguments, stdin in ((change_user, last), (["ACL", "SAVE"], None)):
        result = docker.execute(container, ["redis-cli", "-e", *arguments], stdin=stdin)
        if result.code:
            raise Failure(f"{service}/redis: its user cannot be changed: {(result.error or result.out).strip()}")
