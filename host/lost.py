"""lost: print `lost` if /etc/fstab mounts a disk on a folder and the disk is not there. Changes nothing."""

import argparse
from collections.abc import Mapping
from typing import Any

from . import mounts


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints `lost` or nothing."""
    mount = mounts.find(args.folder)
    if mounts.is_in_fstab(args.folder) and not (mount and mounts.is_alive(mount, args.folder)):
        print("lost")
