"""restore-receive: receive a dump from a given byte on. Bytes that have arrived stay if the connection breaks."""

import argparse
import os
import shutil
from typing import BinaryIO

from .dumps import PIECE, Dumps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("digest", help="the dump's SHA-256")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--start", type=int, required=True, help="the position of the first byte in the dump")


def receive(args: argparse.Namespace, stream: BinaryIO) -> None:
    """Writes `stream` to its place in the dump's file.

    The receiver before a broken connection may still write its last bytes: both write the same to the same place.
    """
    file = Dumps(args.stack, args.service).incoming(args.digest)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        target.seek(args.start)
        shutil.copyfileobj(stream, target, PIECE)
