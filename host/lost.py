"""lost: say `lost` if the disk that is mounted on a folder at each boot is not there. Changes nothing."""

import argparse
from collections.abc import Mapping
from typing import Any

from . import mounts


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Prints it, or nothing."""
    mount = mounts.at(given.folder)
    if mounts.is_at_boot(given.folder) and not (mount and mounts.is_alive(mount, given.folder)):
        print("lost")
