"""The program in a process that starts before the engine, so it has imported everything when the engine calls it.

Without it, the engine starts a language host, which lists the Python packages with pip, and then the program.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

SERVED = Path(__file__).with_name("served.py")
VERBS = ("up", "preview")
"""The engine's verbs that run the program."""


class Program:
    """The process, for the program in `folder`. It ends with its standard input, so with this process too."""

    def __init__(self, folder: Path) -> None:
        self.stderr = tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - `end` closes it
        self._process = subprocess.Popen(
            [sys.executable, SERVED], cwd=folder, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.stderr, text=True, process_group=0,
        )  # fmt: skip

    def options(self, environment: Mapping[str, str]) -> list[str]:
        """Gives the program its environment, and returns the engine's options that name it."""
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(dict(environment)) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            return []
        port = self._process.stdout.readline().strip()
        return ["--client", f"127.0.0.1:{port}"] if port else []

    def end(self) -> None:
        """Ends the process. It has nothing to complete: the engine has ended, or never called it."""
        self._process.kill()
        self._process.communicate()
        self.stderr.close()


_started: list[Program] = []


def start(folder: Path) -> None:
    """Starts the process for the next run of the engine, while something else is done first."""
    if not _started:
        _started.append(Program(folder))


def take(folder: Path) -> Program:
    """Returns the process that was started, or else a new one."""
    start(folder)
    return _started.pop()
