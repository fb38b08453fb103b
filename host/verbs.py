"""The verbs by name, and how they are called."""

import argparse
import importlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Protocol, TextIO, cast

from . import detach
from .failure import Failure


class Verb(Protocol):
    """A module with one verb; the module has the verb's name."""

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


ASKS = ["fingerprints", "gate", "lost", "nothing", "ports", "preflight", "ready", "restore-check", "restored"]
"""They change nothing, so they end with their caller."""

CHANGES = [
    *("base", "certificate", "configure", "cutover", "database", "database-leave"),
    *("electric-role", "electric-role-remove", "folder", "folder-remove", "logins", "migrate", "mount"),
    *("network", "network-remove", "pg-hba", "placeholder", "prune-images", "redis-user", "redis-user-remove"),
    *("restore-arrived", "restore-load", "retire", "site-remove", "switch", "take-out"),
]
"""They come to their end, even if the caller is gone."""

RECEIVES = ["restore-receive"]
"""They end with their caller, and keep what has come by then."""


class Told(dict[str, Any]):
    """What stdin said. A caller that was killed before it sent everything looks like one that says less."""

    def __missing__(self, name: str) -> Any:
        raise Failure(f"{name} did not come on stdin; nothing was done: run up again")


def run(words: Sequence[str], stdin: TextIO) -> int:
    """Calls the verb that `words` name; its exit code."""
    program = argparse.ArgumentParser(prog="sertantai-host", description=__doc__)
    program.add_argument("verb", choices=[*ASKS, *CHANGES, *RECEIVES])
    name = program.parse_args(words[:1]).verb
    verb = module(name)
    line = argparse.ArgumentParser(prog=f"{program.prog} {name}", description=verb.__doc__)
    verb.arguments(line)
    line.add_argument("--revision", help="raised by one where a change of the verb must reach what stands")
    given = line.parse_args(words[1:])
    if name in RECEIVES:
        cast("Receiver", verb).receive(given, stdin.buffer)
        return 0
    told = _read(stdin)
    does = cast("Verb", verb).run
    if name in CHANGES:
        return detach.run(lambda: does(given, told))
    does(given, told)
    return 0


def module(name: str) -> Verb | Receiver:
    """The verb of that name. Only this one is imported: all of them take half of a short verb's time."""
    return cast("Verb | Receiver", importlib.import_module(f".{name.replace('-', '_')}", __package__))


def _read(stdin: TextIO) -> Told:
    text = "" if stdin.isatty() else stdin.read()
    try:
        return Told(json.loads(text or "{}"))
    except json.JSONDecodeError:
        raise Failure("what came on stdin is cut; nothing was done: run up again") from None
