"""The verbs by name, and how they are called."""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TextIO

from . import (
    database,
    database_leave,
    detach,
    electric_role,
    electric_role_remove,
    fingerprints,
    gate,
    images,
    logins,
    migrate,
    network,
    network_remove,
    nothing,
    pg_hba,
    ports,
    preflight,
    ready,
    redis_user,
    redis_user_remove,
    retire,
    take_out,
)


class Verb(Protocol):
    """A module with one verb."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the words of the verb's line."""

    def run(self, given: argparse.Namespace, told: Mapping[str, Any]) -> None:
        """Does it: `given` are the words, `told` the JSON of stdin. A `Failure` says what went wrong."""


ASKS: dict[str, Verb] = {
    "fingerprints": fingerprints,
    "gate": gate,
    "nothing": nothing,
    "ports": ports,
    "preflight": preflight,
    "ready": ready,
}
"""They change nothing, so they end with their caller."""

CHANGES: dict[str, Verb] = {
    "database": database,
    "database-leave": database_leave,
    "electric-role": electric_role,
    "electric-role-remove": electric_role_remove,
    "logins": logins,
    "migrate": migrate,
    "network": network,
    "network-remove": network_remove,
    "pg-hba": pg_hba,
    "prune-images": images,
    "redis-user": redis_user,
    "redis-user-remove": redis_user_remove,
    "retire": retire,
    "take-out": take_out,
}
"""They come to their end, even if the caller is gone."""


def run(words: Sequence[str], stdin: TextIO) -> int:
    """Calls the verb that `words` name; its exit code."""
    parser = argparse.ArgumentParser(prog="sertantai-host", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    for name, verb in {**ASKS, **CHANGES}.items():
        verb.arguments(verbs.add_parser(name, description=verb.__doc__))
    given = parser.parse_args(words)
    told = json.loads((not stdin.isatty() and stdin.read()) or "{}")
    if given.verb in CHANGES:
        return detach.run(lambda: CHANGES[given.verb].run(given, told))
    ASKS[given.verb].run(given, told)
    return 0
