"""logs: print the logs of a service's containers, merged, each line behind its part and a tab. Changes nothing.

With --follow it also reads containers that start later, such as those of a release. It ends with its caller.
"""

import argparse
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from . import docker
from .failure import Failure
from .retire import PART, SERVICE, STACK

POLL_S = 1.0
Line = tuple[str, str, str]
"""The time that Docker has recorded, the part, and the text."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("--parts", nargs="+", required=True)
    parser.add_argument("--since", help="such as 10m, or a time")
    parser.add_argument("--lines", type=int, help="at most so many of each container's last lines")
    parser.add_argument("--follow", action="store_true", help="read on")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints `part<TAB>text`, the oldest line first."""
    logs = Logs(args.stack, args.service, args.parts)
    words = [*(["--since", args.since] if args.since else []), *(["--tail", str(args.lines)] if args.lines else [])]
    containers = logs.containers()
    if not containers and not args.follow:
        raise Failure(f"{args.service}: has no container of {', '.join(args.parts)}")
    lines = [line for name, part in containers.items() for line in logs.read(name, part, words)]
    try:
        for line in sorted(lines, key=lambda line: line[0]):
            _print(line)
        sys.stdout.flush()
        if args.follow:
            logs.follow()
    except BrokenPipeError:  # nobody reads any more
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class Logs:
    """The logs of some parts of a service, and how far each has been read."""

    def __init__(self, stack: str, service: str, parts: Sequence[str]) -> None:
        self.stack, self.service, self.parts = stack, service, parts
        self.read_to: dict[str, str] = {}
        """The time of the last line, by container."""
        self.followed: dict[str, subprocess.Popen[str]] = {}
        self.arrived: queue.Queue[Line] = queue.Queue(maxsize=1000)

    def containers(self, *, running: bool = False) -> dict[str, str]:
        """Returns the parts by the containers' names. The containers of a migration have other parts."""
        labels = {STACK: self.stack, SERVICE: self.service}
        return {
            name: part
            for part in self.parts
            for name in docker.list_containers({**labels, PART: part}, running=running)
        }

    def read(self, container: str, part: str, words: Sequence[str]) -> list[Line]:
        """Returns the lines until now."""
        result = docker.run("logs", "--timestamps", *words, container)
        if result.code and docker.exists(container):
            raise Failure(f"{self.service}/{part}: {result.error.strip()}")
        # Docker has two streams; the times order them.
        lines = sorted([*result.out.splitlines(), *result.error.splitlines()]) if not result.code else []
        return list(self._lines(lines, container, part))

    def follow(self) -> None:
        """Prints lines until nobody reads them. Every second it looks for containers that have started."""
        # Docker's clients would outlive this process, those of silent containers for ever.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit())
        try:
            while not _caller_is_gone():
                for name, part in self.containers(running=True).items():
                    if name not in self.followed or self.followed[name].poll() is not None:
                        self._follow(name, part)
                end = time.monotonic() + POLL_S
                while (left := end - time.monotonic()) > 0:
                    try:
                        _print(self.arrived.get(timeout=left))
                    except queue.Empty:
                        break
                    if self.arrived.empty():
                        sys.stdout.flush()
        finally:
            for client in self.followed.values():
                client.kill()

    def _follow(self, container: str, part: str) -> None:
        since = self.read_to.get(container)
        words = ["--timestamps", "--follow", *(["--since", since] if since else [])]
        client = docker.stream_output("logs", *words, container, environment=os.environ)
        self.followed[container] = client

        def pass_on() -> None:
            for line in self._lines(client.stdout or (), container, part):
                self.arrived.put(line)

        threading.Thread(target=pass_on, daemon=True).start()

    def _lines(self, rows: Iterable[str], container: str, part: str) -> Iterator[Line]:
        """Yields the lines that have not been read yet: Docker's --since includes the last one."""
        last = self.read_to.get(container, "")
        for row in rows:
            at, _, text = row.rstrip("\r\n").partition(" ")
            if at > last:
                self.read_to[container] = at
                yield at, part, text


def _print(line: Line) -> None:
    print(f"{line[1]}\t{line[2]}")


def _caller_is_gone() -> bool:
    """Whether nobody reads the output any more. Without this, a log without new lines would be followed for ever."""
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return bool(poll.poll(0))
