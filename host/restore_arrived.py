"""restore-arrived: how much of a dump has arrived on the host; what arrived of others goes.

Safe to run again: it looks at what is there.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from .dumps import Dumps

WHOLE = "whole"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("digest", help="the dump's SHA-256")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--size", type=int, required=True, help="the dump's, in bytes")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Prints `whole`, or the number of bytes to go on from. As many as the dump has, but others: these go too."""
    dumps = Dumps(given.stack, given.service)
    dumps.remove_incoming(but=given.digest)
    file = dumps.incoming(given.digest)
    arrived = file.stat().st_size if file.exists() else 0
    if arrived >= given.size:
        if dumps.is_whole(given.digest):
            print(WHOLE)
            return
        file.unlink(missing_ok=True)
        arrived = 0
    print(arrived)
