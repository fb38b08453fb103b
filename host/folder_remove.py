"""folder-remove: remove a volume's folder from the disk for data. Safe to run again: a missing folder is fine."""

import argparse
import os
from collections.abc import Mapping
from typing import Any

from . import folder, mounts, system


def add_arguments(parser: argparse.ArgumentParser) -> None:
    folder.add_arguments(parser)


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Removes the folder. Without the disk there is nothing to remove."""
    if mounts.find(args.disk):
        system.check_output("rm", "-rf", "--one-file-system", os.path.join(args.disk, args.name))
