"""restore-arrived: print how many bytes of a dump have arrived, and remove the service's other dumps to restore.

Safe to run again: it changes nothing else.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from .dumps import Dumps

WHOLE = "whole"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("digest", help="the dump's SHA-256")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--size", type=int, required=True, help="the dump's, in bytes")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints `whole`, or the number of bytes that have arrived. A file of that size with other bytes is removed."""
    dumps = Dumps(args.stack, args.service)
    dumps.remove_incoming(keep=args.digest)
    file = dumps.incoming(args.digest)
    arrived = file.stat().st_size if file.exists() else 0
    if arrived >= args.size:
        if dumps.is_whole(args.digest):
            print(WHOLE)
            return
        file.unlink(missing_ok=True)
        arrived = 0
    print(arrived)
