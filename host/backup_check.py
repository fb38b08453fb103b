"""backup-check: check that PostgreSQL's log arrives in each repository, in the backup container.

Safe to run again: it makes what is missing in a repository, and changes nothing else.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import backups


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container", help="the backup container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `files`, the digest of the configuration, so that the step runs again for another one."""
    backups.call(args.container, "check")
