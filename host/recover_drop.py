"""recover-drop: remove the recovered cluster with its volume, and what an interrupted recovery has left.

Safe to run again: it removes what exists. The running cluster's volume is in use, so Docker keeps it.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import docker, recovery
from .failure import Failure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Removes them."""
    names = recovery.Names(args.stack)
    with names.locked():
        volumes = [names.begun.read_text()] if names.begun.exists() else []
        container = names.of("recovered")
        if docker.exists(container):
            mounts = docker.inspect(container)["Mounts"]
            volumes += [mount["Name"] for mount in mounts if mount["Destination"] == recovery.DATA]
        for each in (container, names.of("recovered-build")):
            recovery.remove_container(each)
        for volume in dict.fromkeys(volumes):
            try:
                if recovery.remove_volume(volume):
                    print(f"recover: removed {volume}")
            except docker.Refused as refused:
                raise Failure(f"recover: the volume {volume} stays: {refused}") from None
        names.begun.unlink(missing_ok=True)
        if names.prepared.exists():
            _give_up(names, names.prepared.read_text())


def _give_up(names: recovery.Names, volume: str) -> None:
    """Gives up a promotion, unless the cluster runs already."""
    try:
        running = recovery.Running.read(names.stack).volume
    except Failure:
        running = "(the one that the promotion has named as kept)"
    if running == volume:
        print(f"recover: {volume} is the running cluster's already: complete it: `./sertantai recover --promote`")
        return
    print(
        f"recover: the promotion to {volume} is given up; its volume is kept. If the stack file names it, write there "
        f"before the next up:\n  volume: {running}"
    )
    names.prepared.unlink()
