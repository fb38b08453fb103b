"""The program in the backup container: `python3 -m host.backup WORD`."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from ..failure import Failure
from . import archive, check, files_words, health, look, places, settings, state, turn, verify
from .pgbackrest import Repository
from .postgres import Live
from .settings import FIRST, SECOND
from .wal import LSN, parse_lsn

WAIT_S = 6 * 3600
"""Seconds that a command waits for the end of a running backup or test."""


def _turn(args: argparse.Namespace) -> dict[str, Any]:
    return turn.turn(settings.read())


def _check(args: argparse.Namespace) -> dict[str, Any]:
    check.check(settings.read(), args.timeout)
    return {"result": "good"}


def _backup(args: argparse.Namespace) -> dict[str, Any]:
    chosen = settings.read()
    _declared(chosen, args.repository)
    with state.exclusive(args.wait):
        return {"label": turn.backup(Repository(args.repository, chosen), args.type)}


def _declared(chosen: settings.Settings, repository: str) -> None:
    if repository not in chosen.repositories:
        raise Failure(f"backup/{repository}: is not declared")


def _verify(args: argparse.Namespace) -> dict[str, Any]:
    chosen = settings.read()
    _declared(chosen, args.repository or FIRST)
    with state.exclusive(args.wait):
        return verify.verify(chosen, args.repository)


def _wait_archived(args: argparse.Namespace) -> dict[str, Any]:
    if not LSN.fullmatch(args.lsn):
        raise Failure(f"backup: {args.lsn[:40]} is no LSN such as 0/3000028")
    chosen = settings.read()
    repository = Repository(FIRST, chosen)
    archive.wait_until_archived(Live(chosen), repository, parse_lsn(args.lsn), args.timeout)
    return {"archived": args.lsn}


def _status(args: argparse.Namespace) -> dict[str, Any]:
    return (args.written and health.written()) or look.look(settings.read(), fresh=True)


def _health(args: argparse.Namespace) -> dict[str, Any]:
    health.check()
    return {"problems": []}


def _keys_printed(args: argparse.Namespace) -> dict[str, Any]:
    (places.STATE / "keys-printed").touch()
    return {"keys_printed": True}


WORDS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "turn": _turn,
    "check": _check,
    "backup": _backup,
    "verify": _verify,
    "wait-archived": _wait_archived,
    "status": _status,
    "health": _health,
    "keys-printed": _keys_printed,
    **files_words.WORDS,
}


def main(words: Sequence[str]) -> int:
    """Prints one JSON object and returns 0, or a failure and returns 1."""
    try:
        args = _parse(words)
        print(json.dumps(WORDS[args.word](args)))
    except Failure as failure:
        print(settings.mask()(str(failure)), file=sys.stderr)
        return 1
    except OSError as error:  # a full disk, above all
        print(f"backup: {error.strerror}: {error.filename}", file=sys.stderr)
        return 1
    return 0


def _parse(words: Sequence[str]) -> argparse.Namespace:
    program = argparse.ArgumentParser(prog="backup", description=__doc__)
    by_word = program.add_subparsers(dest="word", required=True)
    parsers = {word: by_word.add_parser(word) for word in WORDS}
    parsers["check"].add_argument("--timeout", type=float, default=check.ARRIVES_S, help="seconds")
    parsers["backup"].add_argument("type", nargs="?", default="diff", choices=["full", "diff", "incr"])
    parsers["backup"].add_argument("--repository", default=FIRST, choices=[FIRST, SECOND])
    parsers["verify"].add_argument("--repository", default="", choices=[FIRST, SECOND], help="else the night's")
    parsers["status"].add_argument("--written", action="store_true", help="as the last turn has seen it")
    parsers["wait-archived"].add_argument("lsn")
    parsers["wait-archived"].add_argument("--timeout", type=float, default=180, help="seconds")
    files_words.add_arguments(parsers)
    for word in ("backup", "verify", *files_words.WAITING):
        parsers[word].add_argument("--wait", type=float, default=WAIT_S, help="seconds")
    return program.parse_args(words)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
