"""The words of the container of files: `python3 -m host.backup files-...`."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..failure import Failure
from . import files_restore, files_settings, files_status, files_turn, files_verify, settings, state

RESTORED = Path("/restored")
"""The folder that has the volume to fill, by its name."""


def _turn(args: argparse.Namespace) -> dict[str, Any]:
    return files_turn.turn(settings.read(), files_settings.read())


def _backup(args: argparse.Namespace) -> dict[str, Any]:
    chosen, files, volumes = settings.read(), files_settings.read(), files_settings.volumes()
    with state.exclusive(args.wait):
        good = [files_turn.back_up(place, chosen.stack, files, volumes) for place in files.places]
    files_status.observe(chosen, files)
    if not all(good):
        raise Failure("\n".join(files_status.status(chosen, files)["problems"]))
    return {"volumes": volumes}


def _verify(args: argparse.Namespace) -> dict[str, Any]:
    chosen, files = settings.read(), files_settings.read()
    with state.exclusive(args.wait):
        result = files_verify.verify(files, chosen.stack)
    files_status.observe(chosen, files)
    if result["result"] != "good":
        raise Failure(result["error"])
    return result


def _status(args: argparse.Namespace) -> dict[str, Any]:
    return files_status.status(settings.read(), files_settings.read())


def _restore(args: argparse.Namespace) -> dict[str, Any]:
    return files_restore.restore(files_settings.read(), settings.read().stack, args.volume, RESTORED, at=args.at)


def _recover(args: argparse.Namespace) -> dict[str, Any]:
    return files_restore.recover(files_settings.read(), settings.read().stack, args.volume, RESTORED)


WORDS: dict[str, Callable[[argparse.Namespace], dict[str, Any]]] = {
    "files-turn": _turn,
    "files-backup": _backup,
    "files-verify": _verify,
    "files-status": _status,
    "files-restore": _restore,
    "files-recover": _recover,
}


WAITING = ("files-backup", "files-verify")
"""They wait for the end of a running turn."""


def add_arguments(parsers: Mapping[str, argparse.ArgumentParser]) -> None:
    """Declares the arguments of these words."""
    for word in ("files-restore", "files-recover"):
        parsers[word].add_argument("volume")
    parsers["files-restore"].add_argument("--at", default="", help="a time in UTC")
