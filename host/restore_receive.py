"""restore-receive: the next bytes of a dump. What has arrived stays if the connection breaks."""

import argparse
import os
import shutil
from typing import BinaryIO

from .dumps import PIECE, Dumps


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("digest", help="the dump's SHA-256")
    parser.add_argument("--stack", required=True)


def receive(given: argparse.Namespace, stream: BinaryIO) -> None:
    """Appends all of `stream`."""
    file = Dumps(given.stack, given.service).incoming(given.digest)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        shutil.copyfileobj(stream, target, PIECE)
