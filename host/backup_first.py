"""backup-first: back up before PostgreSQL's image is replaced.

Safe to run again: with the new image in use, or without a cluster, it does nothing.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import backups, docker
from .failure import Failure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container", help="the backup container")
    parser.add_argument("--postgres", required=True, help="its container")
    parser.add_argument("--image", required=True, help="shown, so that the step runs again for another image")
    parser.add_argument("--package", help="shown too: pgBackRest's, if the host builds the image")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `image`, PostgreSQL's new one."""
    if not docker.exists(args.postgres):
        return
    new = docker.check_output("image", "inspect", "-f", "{{.Id}}", inputs["image"]).strip()
    if docker.inspect(args.postgres)["Image"] == new:
        return
    if not docker.exists(args.container):
        print("backup: nothing is backed up before PostgreSQL's image changes, since there is no backup container yet")
        return
    try:
        backups.call(args.container, "backup", "diff")
    except Failure as failure:
        raise Failure(
            f"{failure}\nPostgreSQL's image stays as it is, since nothing is backed up. To change it without a backup, "
            f"run `docker rm -f {args.container}` on the host, and up again"
        ) from None
    print("backup: a backup was made before PostgreSQL's image changes")
