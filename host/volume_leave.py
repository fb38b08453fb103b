"""volume-leave: name the volume of an app that is no longer declared. Its files are kept. Safe to run again."""

import argparse
from collections.abc import Mapping
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("volume", help="its name in Docker")
    parser.add_argument("--disk", help="the mount point of the disk with its folder")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints the command that removes it."""
    folder = f" && rm -r {args.disk}/{args.volume}" if args.disk else ""
    print(f"{args.service}: its volume {args.volume} is kept; to remove it: docker volume rm {args.volume}{folder}")
