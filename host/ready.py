"""ready: wait until one of the platform's own containers answers its health check. Safe to run again: it only asks."""

import argparse
import time
from collections.abc import Mapping
from typing import Any

from . import docker
from .failure import Failure
from .gate import SHOWN
from .mask import Mask

PAUSE_S = 0.2


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("container")
    parser.add_argument("--timeout", type=int, required=True, help="seconds")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `check`, the health check's words."""
    container: str = given.container
    begun = time.monotonic()
    while not docker.answers(container, told["check"]):
        waited_s = time.monotonic() - begun
        if waited_s >= given.timeout or _has_ended(container):
            lines = map(Mask([]).line, docker.logs(container, SHOWN))
            raise Failure("\n".join([f"{container}: is not ready after {waited_s:.0f} s; its last lines:", *lines]))
        time.sleep(PAUSE_S)


def _has_ended(container: str) -> bool:
    try:
        return docker.state(container).status == "exited"
    except docker.NotFound:
        return False
