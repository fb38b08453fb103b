"""folder: make a volume's folder on the disk for data, and only there. Safe to run again."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import mounts
from .failure import Failure


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("disk", help="where it is mounted")
    parser.add_argument("name", type=_name, help="the volume's")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Makes it."""
    if not mounts.at(given.disk):
        raise Failure(f"host/volume_size: no disk is mounted on {given.disk}; run up again")
    Path(given.disk, given.name).mkdir(exist_ok=True)


def _name(word: str) -> str:
    if word in ("", ".", "..") or "/" in word:
        raise argparse.ArgumentTypeError("is not the name of a folder")
    return word
