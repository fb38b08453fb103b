"""folder: create a volume's folder on the mounted disk for data. Safe to run again."""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import mounts
from .failure import Failure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("disk", help="its mount point")
    parser.add_argument("name", type=_name, help="the volume's")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Creates the folder."""
    if not mounts.find(args.disk):
        raise Failure(f"host/volume_size: no disk is mounted on {args.disk}; run up again")
    Path(args.disk, args.name).mkdir(exist_ok=True)


def _name(word: str) -> str:
    if word in ("", ".", "..") or "/" in word:
        raise argparse.ArgumentTypeError("is not a folder's name")
    return word
