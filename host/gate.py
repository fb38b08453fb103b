"""gate: let a new container have traffic only once it answers its health check several times in a row.

Safe to run again: it only asks, and starts a container that was stopped.
"""

import argparse
import shlex
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from . import docker, hints
from .failure import Failure
from .mask import Mask

PAUSE_S = 0.3
SHOWN, SEARCHED = 30, 200
"""Lines of the log that are shown, and those that hints are looked for in."""
DOCKERS_DNS = "0B00007F"
"""127.0.0.11 in /proc/net/tcp: Docker's own name server listens there in every container."""
LISTENS = "0A"
KILLED = 137
STILL_SERVES = "what served before still serves; mend the image or its settings and run up again"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", help="service and part, as errors name them")
    parser.add_argument("container")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--successes", type=int, required=True)
    parser.add_argument("--timeout", type=int, required=True, help="seconds")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `check`, the health check's words; `secrets`, which its log may hold."""
    gate = Gate(
        what=given.what,
        container=given.container,
        check=told["check"],
        port=given.port,
        successes=given.successes,
        timeout_s=given.timeout,
        mask=Mask(told.get("secrets", [])),
    )
    gate.pass_through()


@dataclass(frozen=True, kw_only=True)
class Gate:
    """A container that may serve once it is healthy. `advice` ends each error."""

    what: str
    container: str
    check: Sequence[str]
    port: int
    successes: int
    timeout_s: int
    mask: Mask
    advice: str = STILL_SERVES

    def pass_through(self) -> None:
        """Returns once the container is healthy; a `Failure` as soon as it dies, or when the time is over."""
        try:
            before = docker.state(self.container)
        except docker.NotFound:
            raise Failure(f"{self.what}: container {self.container} is gone; run up again") from None
        if before.status in ("exited", "created") and not docker.start(self.container):
            raise self.failure("cannot be started")
        begun, passed = time.monotonic(), 0
        while True:
            passed = passed + 1 if docker.answers(self.container, self.check) else 0
            self._check_alive(before.restarts)
            waited_s = time.monotonic() - begun
            if passed >= self.successes:
                print(f"{self.what}: healthy {self.successes} times in a row after {waited_s:.0f} s")
                return
            if waited_s >= self.timeout_s:
                raise self.failure(self._unhealthy(waited_s))
            time.sleep(PAUSE_S)

    def failure(self, reason: str) -> Failure:
        """The reason, the last lines of the log, and what the known ones among them mean."""
        return Failure("\n".join([*last_lines(self.what, self.container, reason, self.mask), *self._advice()]))

    def _advice(self) -> list[str]:
        return [f"{self.what}: {self.advice}"] if self.advice else []

    def _check_alive(self, restarts: int) -> None:
        try:
            now = docker.state(self.container)
        except docker.NotFound:
            raise self.failure("died") from None
        if now.is_running and now.restarts == restarts:
            return
        if now.exit_code == KILLED:
            time.sleep(0.5)  # Docker learns of the end before it learns the reason
            now = docker.state(self.container)
        if now.out_of_memory:
            raise self.failure("was killed: it needs more than its memory_mb")
        # A container that Docker has started again no longer shows how it ended.
        raise self.failure("died" if now.is_running else f"died with exit code {now.exit_code}")

    def _unhealthy(self, waited_s: float) -> str:
        listens = _ports(self.container)
        if listens and self.port not in listens:
            there = " ".join(map(str, listens))
            return (
                f"not healthy after {waited_s:.0f} s: it listens on port {there} and is asked on {self.port}: "
                "let it listen on the one that PORT says"
            )
        return f"not healthy after {waited_s:.0f} s of {shlex.join(self.check)}"


def last_lines(what: str, container: str, reason: str, mask: Mask) -> list[str]:
    """An error about a container, with the end of its log."""
    log = docker.logs(container, SEARCHED)
    known = [f"{what}: {meaning}" for meaning in hints.of("\n".join(log))]
    return [f"{what}: {reason}; its last lines:", *map(mask.line, log[-SHOWN:]), *known]


def _ports(container: str) -> list[int]:
    """The ports that a container listens on, by the kernel's own table."""
    table = docker.execute(container, ["cat", "/proc/net/tcp", "/proc/net/tcp6"], timeout_s=docker.EXEC_TIMEOUT_S).out
    rows = [line.split() for line in table.splitlines()]
    local = [row[1] for row in rows if len(row) > 3 and row[3] == LISTENS]
    return sorted({int(address.rpartition(":")[2], 16) for address in local if not address.startswith(DOCKERS_DNS)})
