"""ready: wait until a shared container passes its health check. Safe to run again: it changes nothing."""

import argparse
import time
from collections.abc import Mapping
from typing import Any

from . import docker
from .failure import Failure
from .gate import SHOWN
from .mask import Mask

POLL_S = 0.2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container")
    parser.add_argument("--timeout", type=int, required=True, help="seconds")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `check`, the health check's command."""
    container: str = args.container
    begun = time.monotonic()
    while not docker.passes_check(container, inputs["check"]):
        waited_s = time.monotonic() - begun
        if (has_ended := _has_ended(container)) or waited_s >= args.timeout:
            said = f"{container}: is not ready after {waited_s:.0f} s; its last lines:"
            advice = [] if has_ended else [f"{container}: if it is only slow to start, run up again"]
            raise Failure("\n".join([said, *map(Mask([]).line, docker.logs(container, SHOWN)), *advice]))
        time.sleep(POLL_S)


def _has_ended(container: str) -> bool:
    try:
        return docker.state(container).status == "exited"
    except (docker.NotFound, docker.NoAnswer):
        return False
