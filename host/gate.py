"""gate: wait until a new container passes its health check several times in a row.

Safe to run again: it starts a stopped container, and changes nothing else.
"""

import argparse
import shlex
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from . import docker, hints
from .failure import Failure
from .mask import Mask

POLL_S = 0.3
SHOWN, SEARCHED = 30, 200
"""Lines of the log to print, and to search for hints."""
DOCKERS_DNS = "0B00007F"
"""127.0.0.11 in /proc/net/tcp: the address of Docker's name server in every container."""
LISTENS = "0A"
KILLED, REASON_S = 137, 3
OLD_STILL_SERVES = "what served before still serves; fix the image or its settings and run up again"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", help="service and part, as errors name them")
    parser.add_argument("container")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--successes", type=int, required=True)
    parser.add_argument("--timeout", type=int, required=True, help="seconds")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `check`, the health check's command; `secrets`, which its log may contain."""
    gate = Gate(
        subject=args.subject,
        container=args.container,
        check=inputs["check"],
        port=args.port,
        successes=args.successes,
        timeout_s=args.timeout,
        mask=Mask(inputs.get("secrets", [])),
    )
    gate.wait_until_healthy()


@dataclass(frozen=True, kw_only=True)
class Gate:
    """The gate of one container. `advice` ends each error."""

    subject: str
    container: str
    check: Sequence[str]
    port: int
    successes: int
    timeout_s: int
    mask: Mask
    advice: str = OLD_STILL_SERVES

    def wait_until_healthy(self) -> None:
        """Returns once the container is healthy. Raises a `Failure` as soon as it dies, or after the timeout."""
        try:
            before = docker.state(self.container)
        except docker.NotFound:
            raise Failure(f"{self.subject}: container {self.container} is gone; run up again") from None
        if before.status in ("exited", "created") and not docker.start(self.container):
            raise self.failure("cannot be started")
        begun, passed = time.monotonic(), 0
        while True:
            passed = passed + 1 if docker.passes_check(self.container, self.check) else 0
            self._check_alive(before.restarts)
            waited_s = time.monotonic() - begun
            if passed >= self.successes:
                print(f"{self.subject}: healthy {self.successes} times in a row after {waited_s:.0f} s")
                return
            if waited_s >= self.timeout_s:
                raise self.failure(self._unhealthy(waited_s))
            time.sleep(POLL_S)

    def failure(self, reason: str) -> Failure:
        """Returns a failure with the reason, the last lines of the log, and log hints."""
        return Failure("\n".join([*failure_lines(self.subject, self.container, reason, self.mask), *self._advice()]))

    def _advice(self) -> list[str]:
        return [f"{self.subject}: {self.advice}"] if self.advice else []

    def _check_alive(self, restarts: int) -> None:
        try:
            now = docker.state(self.container)
        except docker.NotFound:
            raise self.failure("died") from None
        except docker.NoAnswer:
            return  # the next look knows more
        if now.is_running and now.restarts == restarts:
            return
        end = time.monotonic() + REASON_S
        while now.exit_code == KILLED and not now.out_of_memory and time.monotonic() < end:
            time.sleep(POLL_S)  # Docker reports the end of a container before its reason
            with suppress(docker.NotFound, docker.NoAnswer):
                now = docker.state(self.container)
        if now.out_of_memory:
            raise self.failure("was killed: it needs more than its memory_mb")
        # After a restart by Docker, the exit code is no longer known.
        raise self.failure("died" if now.is_running else f"died with exit code {now.exit_code}")

    def _unhealthy(self, waited_s: float) -> str:
        listens = _ports(self.container)
        if listens and self.port not in listens:
            ports = " ".join(map(str, listens))
            return (
                f"not healthy after {waited_s:.0f} s: it listens on port {ports}, not on {self.port}: "
                "make it listen on the port in PORT"
            )
        return f"not healthy after {waited_s:.0f} s of {shlex.join(self.check)}"


def failure_lines(subject: str, container: str, reason: str, mask: Mask) -> list[str]:
    """Returns the lines of an error about a container: the reason, the last lines of its log, and log hints.

    A container that restarts writes the same lines again and again: each line is shown once.
    """
    log = docker.logs(container, SEARCHED)
    log_hints = [f"{subject}: {meaning}" for meaning in hints.find("\n".join(log))]
    different = [*dict.fromkeys(reversed(log))][:SHOWN][::-1]
    return [f"{subject}: {reason}; its last lines:", *map(mask.line, different), *log_hints]


def _ports(container: str) -> list[int]:
    """Returns the ports that a container listens on, from the kernel's table."""
    table = docker.execute(container, ["cat", "/proc/net/tcp", "/proc/net/tcp6"], timeout_s=docker.EXEC_TIMEOUT_S).out
    rows = [line.split() for line in table.splitlines()]
    local = [row[1] for row in rows if len(row) > 3 and row[3] == LISTENS]
    return sorted({int(address.rpartition(":")[2], 16) for address in local if not address.startswith(DOCKERS_DNS)})
