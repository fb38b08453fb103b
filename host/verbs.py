"""The verbs by name, and how they are called."""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Protocol, TextIO

from . import (
    base,
    certificate,
    configure,
    cutover,
    database,
    database_leave,
    detach,
    electric_role,
    electric_role_remove,
    fingerprints,
    folder,
    folder_remove,
    gate,
    images,
    logins,
    lost,
    migrate,
    mount,
    network,
    network_remove,
    nothing,
    pg_hba,
    placeholder,
    ports,
    preflight,
    ready,
    redis_user,
    redis_user_remove,
    restore_arrived,
    restore_check,
    restore_load,
    restore_receive,
    restored,
    retire,
    site_remove,
    switch,
    take_out,
)
from .failure import Failure


class Verb(Protocol):
    """A module with one verb."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the words of the verb's line."""

    def run(self, given: argparse.Namespace, told: Mapping[str, Any]) -> None:
        """Does it: `given` are the words, `told` the JSON of stdin. A `Failure` says what went wrong."""


class Receiver(Protocol):
    """A module with a verb whose stdin is a file's content."""

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the words of the verb's line."""

    def receive(self, given: argparse.Namespace, stream: BinaryIO) -> None:
        """Does it, as far as the stream comes."""


ASKS: dict[str, Verb] = {
    "fingerprints": fingerprints,
    "gate": gate,
    "lost": lost,
    "nothing": nothing,
    "ports": ports,
    "preflight": preflight,
    "ready": ready,
    "restore-check": restore_check,
    "restored": restored,
}
"""They change nothing, so they end with their caller."""

CHANGES: dict[str, Verb] = {
    "base": base,
    "certificate": certificate,
    "configure": configure,
    "cutover": cutover,
    "database": database,
    "database-leave": database_leave,
    "electric-role": electric_role,
    "electric-role-remove": electric_role_remove,
    "folder": folder,
    "folder-remove": folder_remove,
    "logins": logins,
    "migrate": migrate,
    "mount": mount,
    "network": network,
    "network-remove": network_remove,
    "pg-hba": pg_hba,
    "placeholder": placeholder,
    "prune-images": images,
    "redis-user": redis_user,
    "redis-user-remove": redis_user_remove,
    "restore-arrived": restore_arrived,
    "restore-load": restore_load,
    "retire": retire,
    "site-remove": site_remove,
    "switch": switch,
    "take-out": take_out,
}
"""They come to their end, even if the caller is gone."""

RECEIVES: dict[str, Receiver] = {"restore-receive": restore_receive}
"""They end with their caller, and keep what has come by then."""


class Told(dict[str, Any]):
    """What stdin said. A caller that was killed before it sent everything looks like one that says less."""

    def __missing__(self, name: str) -> Any:
        raise Failure(f"{name} did not come on stdin; nothing was done: run up again")


def run(words: Sequence[str], stdin: TextIO) -> int:
    """Calls the verb that `words` name; its exit code."""
    parser = argparse.ArgumentParser(prog="sertantai-host", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    every: dict[str, Verb | Receiver] = {**ASKS, **CHANGES, **RECEIVES}
    for name, verb in every.items():
        line = verbs.add_parser(name, description=verb.__doc__)
        verb.arguments(line)
        line.add_argument("--revision", help="raised by one where a change of the verb must reach what stands")
    given = parser.parse_args(words)
    if given.verb in RECEIVES:
        RECEIVES[given.verb].receive(given, stdin.buffer)
        return 0
    told = _read(stdin)
    if given.verb in CHANGES:
        return detach.run(lambda: CHANGES[given.verb].run(given, told))
    ASKS[given.verb].run(given, told)
    return 0


def _read(stdin: TextIO) -> Told:
    text = "" if stdin.isatty() else stdin.read()
    try:
        return Told(json.loads(text or "{}"))
    except json.JSONDecodeError:
        raise Failure("what came on stdin is cut; nothing was done: run up again") from None
