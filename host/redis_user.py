"""redis-user: a service's user of the shared Redis, with its rules and one more password, or with one alone.

Safe to run again: it brings the user to its rules. Open connections stay open.
"""

import argparse
from collections.abc import Mapping, Sequence
from typing import Any

from . import docker
from .failure import Failure


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("user")
    parser.add_argument("--redis", required=True, help="its container")
    parser.add_argument("--only-password", action="store_true", help="the passwords of old containers go")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `password`, hashed as Redis keeps it; `rules`, the user's."""
    rules = ["resetpass"] if given.only_password else told["rules"]
    change(given.service, given.redis, ["SETUSER", given.user, *rules], told["password"])


def change(service: str, container: str, command: Sequence[str], last: str | None = None) -> None:
    """Changes a user, and writes all of them to Redis's disk. `last` is the command's last word, which nobody sees."""
    words = [*(["-x"] if last is not None else []), "ACL", *command]
    for each, stdin in ((words, last), (["ACL", "SAVE"], None)):
        done = docker.execute(container, ["redis-cli", "-e", *each], stdin=stdin)
        if done.code:
            raise Failure(f"{service}/redis: its user cannot be changed: {(done.error or done.out).strip()}")
