"""restore-receive: receive the next bytes of a dump. Bytes that have arrived stay if the connection breaks."""

import argparse
import os
import shutil
from typing import BinaryIO

from .dumps import PIECE, Dumps


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("digest", help="the dump's SHA-256")
    parser.add_argument("--stack", required=True)


def receive(args: argparse.Namespace, stream: BinaryIO) -> None:
    """Appends `stream` to the dump's file."""
    file = Dumps(args.stack, args.service).incoming(args.digest)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as target:
        shutil.copyfileobj(stream, target, PIECE)
