"""recover-back: check that a volume has a stopped cluster, before `up` makes it the running one. Changes nothing."""

import argparse
from collections.abc import Mapping
from typing import Any

from . import archived, backups, docker, recovery
from .failure import Failure


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("volume")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Ends the running cluster's current segment too, so that what it has committed can be recovered."""
    names = recovery.Names(args.stack)
    running = recovery.Running.read(args.stack)
    if args.volume not in docker.check_output("volume", "ls", "-q").split():
        raise Failure(f"--back: there is no volume {args.volume}")
    recovered = names.of("recovered")
    if docker.exists(recovered) and args.volume in str(docker.inspect(recovered)["Mounts"]):
        raise Failure(f"--back: {args.volume} is the recovered cluster's: `./sertantai recover --promote`")
    mount = {recovery.DATA: backups.read_only(args.volume)}
    test = ["test", "-s", f"{recovery.DATA}/PG_VERSION"]
    if backups.run_once(running.source.image, mount, test, user="root", capabilities=["DAC_OVERRIDE"]).code:
        raise Failure(f"--back: the volume {args.volume} has no cluster")
    archived.mark(args.stack, names=names)
