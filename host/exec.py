"""exec: run a command in the container of a part that serves. It has the caller's streams.

With a terminal, it ends with the caller. Without one, Docker lets it go on when the caller is gone.
"""

import argparse
import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, NoReturn

from . import docker
from .failure import Failure
from .gateway import Gateway
from .serving import Serving

TERMINAL = ("TERM", "COLORTERM", "LANG")
"""Variables of a caller's terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("part")
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--terminal", action="store_true", help="the caller has a terminal")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="behind --, after everything else")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """The exit code is the command's."""
    serving = Serving(stack=args.stack, service=args.service, gateway=Gateway(args.gateway), grace_s=0)
    running = serving.running_containers(args.part)
    if not running:
        raise Failure(f"{args.service}/{args.part}: does not run: `./sertantai logs {args.service}` shows why")
    # A failed release may have left a newer one. Without a gateway, or before the first switch, the newest will do.
    serves: list[str] = []
    with suppress(Failure):
        serves = [name for name in serving.serving_containers(args.part) if name in running]
    become((serves or running)[0], behind_dashes(args.command), terminal=args.terminal)


def behind_dashes(words: list[str]) -> list[str]:
    """Returns the words of a remainder without the -- in front, which argparse keeps."""
    return words[1:] if words[:1] == ["--"] else words


def become(container: str, command: list[str], *, terminal: bool, environment: Mapping[str, str] = {}) -> NoReturn:
    """Becomes `docker exec`, with the caller's streams and terminal."""
    shown = {name: value for name in TERMINAL if (value := os.environ.get(name))} if terminal else {}
    variables = [word for name, value in {**shown, **environment}.items() for word in ("-e", f"{name}={value}")]
    try:
        words = ["docker", "exec", "-it" if terminal else "-i", *variables, container, *command]
        os.execvp(words[0], words)  # noqa: S606 - the caller's streams and signals are the command's
    except FileNotFoundError:
        raise Failure(docker.NO_PROGRAM) from None
