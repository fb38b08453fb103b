"""files-recover: fill the empty volumes of a new server with their newest files.

Safe to run again: a volume with files stays as it is, and an interrupted one is completed.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import recovery, volume_files
from .failure import Failure
from .retire import STACK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `volumes`, their names in the backups. Missing ones are created, as the platform would."""
    names = recovery.Names(args.stack)
    source, postgres = volume_files.source(args.stack)
    failures = []
    for name in inputs["volumes"]:
        recovery.create_volume(names.of(name), postgres, {STACK: args.stack})  # an existing one stays
        try:
            answer = volume_files.fill(source, args.stack, name, names.of(name), "files-recover")
        except Failure as failure:
            failures.append(str(failure))
            continue
        if answer["result"] == "restored":
            print(f"{name}: {volume_files.describe(answer)} is restored", flush=True)
        else:
            print(f"{name}: {answer['result']}, so nothing is restored", flush=True)
    if failures:
        raise Failure("\n".join(failures))
