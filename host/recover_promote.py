"""recover-promote: prepare the recovered cluster to be the running one, which `up` then starts on its volume.

Safe to run again: an interrupted one continues.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import archived, docker, recovery, recovery_archive, recovery_roles

GRACE_S = 300


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("volume", help="the recovered cluster's")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Ends without the container `recovered`, so that `up` may start another server on its volume."""
    names = recovery.Names(args.stack)
    container = names.of("recovered")
    with names.locked():
        running = recovery.Running.read(args.stack)
        names.end(args.volume)
        if running.volume == args.volume:
            print(f"recover: {args.volume} is the running cluster's already")
            return
        recovery_archive.check_timeline(running.source, args.volume)
        if docker.exists(container):
            archived.mark(args.stack, names=names)
            recovery_roles.copy(names.of("postgres"), container)
            names.prepared.write_text(args.volume)
            docker.stop([container], GRACE_S)
            recovery.remove_container(container)
        recovery_archive.open_archive(args.stack, running.source, args.volume)
        print(f"recover: the volume {args.volume} is ready; the old one, {running.volume}, is kept")
