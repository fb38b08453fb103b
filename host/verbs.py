"""The verbs by name, and how they are called."""

import argparse
import importlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Protocol, TextIO, cast

from . import detach
from .failure import Failure


class Verb(Protocol):
    """A module with one verb. Its name is the verb's."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the arguments of the verb's line."""

    def run(self, args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
        """Runs the verb with its arguments and the JSON of stdin. Raises a `Failure`."""


class Receiver(Protocol):
    """A module with a verb whose stdin is a file's content."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declares the arguments of the verb's line."""

    def receive(self, args: argparse.Namespace, stream: BinaryIO) -> None:
        """Reads the stream to its end."""


READS = [
    *("backup-status", "boot-migrations", "fingerprints", "gate", "lost", "nothing", "ports", "preflight", "ready"),
    *("recover-compare", "recover-dump", "releases", "restore-check", "restore-wait", "restored", "status"),
    *("version", "volume-leave", "watch"),
]
"""They change nothing that must be completed, so they end with their caller."""

CHANGES = [
    *("backup-call", "backup-check", "backup-config", "backup-first", "backup-role"),
    *("backup-seed", "base", "certificate", "configure", "connect", "cutover", "database", "database-leave"),
    *("disconnect", "electric-role", "electric-role-remove", "folder", "folder-remove", "limit-readers", "logins"),
    *("files-recover", "files-restore"),
    *("migrate", "mount", "network", "network-remove", "pg-hba", "placeholder", "prune-images", "reader"),
    *("reader-remove", "recover-back", "recover-build", "recover-drop", "recover-forget", "recover-promote"),
    *(
        "recover-seed",
        "recover-settle",
        "redis-user",
        "redis-user-remove",
        "release-record",
        "restore-arrived",
        "restore-load",
    ),
    *("retire", "sharer-leave", "site-remove", "slot-drop", "switch", "take-out", "volume", "volumes-remove"),
    "watch-config",
]
"""They run to their end, even if the caller is gone."""

RECEIVES = ["restore-receive"]
"""They end with their caller, and keep the bytes that have arrived."""

SESSIONS = ["exec", "logs", "open-psql"]
"""They have the caller's streams, so nothing is read from stdin before, and end with it."""


class Inputs(dict[str, Any]):
    """The JSON of stdin. A missing key is a `Failure`: a caller that was killed may have sent only a part."""

    def __missing__(self, name: str) -> Any:
        raise Failure(f"{name} is missing on stdin; nothing was done: run up again")


def run(words: Sequence[str], stdin: TextIO) -> int:
    """Calls the verb that `words` name, and returns its exit code."""
    program = argparse.ArgumentParser(prog="sertantai-host", description=__doc__)
    program.add_argument("verb", choices=[*READS, *CHANGES, *RECEIVES, *SESSIONS])
    name = program.parse_args(words[:1]).verb
    verb = module(name)
    line = argparse.ArgumentParser(prog=f"{program.prog} {name}", description=verb.__doc__)
    verb.add_arguments(line)
    line.add_argument("--revision", help="raised by one if a change of the verb must be applied to existing stacks")
    args = line.parse_args(words[1:])
    if name in RECEIVES:
        cast("Receiver", verb).receive(args, stdin.buffer)
        return 0
    run_verb = cast("Verb", verb).run
    if name in SESSIONS:
        run_verb(args, Inputs())
        return 0
    inputs = _read(stdin)
    if name in CHANGES:
        return detach.run(name, lambda: run_verb(args, inputs))
    run_verb(args, inputs)
    return 0


def module(name: str) -> Verb | Receiver:
    """Imports the verb of that name. To import all verbs would take half of a short verb's time."""
    return cast("Verb | Receiver", importlib.import_module(f".{name.replace('-', '_')}", __package__))


def _read(stdin: TextIO) -> Inputs:
    text = "" if stdin.isatty() else stdin.read()
    try:
        return Inputs(json.loads(text or "{}"))
    except json.JSONDecodeError:
        raise Failure("stdin is incomplete; nothing was done: run up again") from None
