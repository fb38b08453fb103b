"""files-restore: restore the files of a volume into a new volume, next to the live one.

Safe to run again: each run makes a volume of its own, and one that fails removes it.
"""

import argparse
import json
import time
from collections.abc import Mapping
from typing import Any

from . import docker, recovery, volume_files
from .failure import Failure
from .retire import STACK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("volume", help="its name in the backups, such as legal-files or letsencrypt")
    parser.add_argument("--at", help="a time in UTC: the last snapshot before it, else the newest")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints how to look at the files, and how to copy them back."""
    names = recovery.Names(args.stack)
    source, postgres = volume_files.source(args.stack)
    live = names.of(args.volume)
    new = f"{live}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
    recovery.create_volume(new, postgres, {STACK: args.stack})
    at = ["--at", args.at] if args.at else []
    try:
        answer = volume_files.fill(source, args.stack, args.volume, new, "files-restore", *at)
    except Failure:
        recovery.remove_volume(new)
        raise
    begin = "docker run --rm --network none"
    restored = f"-v {new}:/restored"
    print(f"{args.volume}: {volume_files.describe(answer)} is in the volume {new}")
    print(f"to look at it: {begin} -it {restored}:ro -w /restored {_short(source.image)} bash")
    if _exists(live):
        print(
            f"to copy all of it over the live files: {begin} {restored}:ro -v {live}:/live {_short(source.image)} "
            "cp -a /restored/. /live/   (newer files of other names stay)"
        )
    print(f"to remove it: docker volume rm {new}{_folder(new)}")


def _exists(volume: str) -> bool:
    return docker.run("volume", "inspect", volume).code == 0


def _short(image: str) -> str:
    return image[:19] if image.startswith("sha256:") else image


def _folder(volume: str) -> str:
    options = json.loads(docker.check_output("volume", "inspect", volume))[0]["Options"] or {}
    return f" && rm -r {options['device']}" if "device" in options else ""
