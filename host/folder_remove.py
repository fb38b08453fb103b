"""folder-remove: remove what a volume left on the disk for data. Safe to run again: a folder that is gone is fine."""

import argparse
import os
from collections.abc import Mapping
from typing import Any

from . import folder, mounts, system


def arguments(parser: argparse.ArgumentParser) -> None:
    folder.arguments(parser)


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Removes it. Without the disk there is nothing of it on the server."""
    if mounts.at(given.disk):
        system.must("rm", "-rf", "--one-file-system", os.path.join(given.disk, given.name))
