"""Runs a command in a terminal, and draws what is on the screen at its end."""

import io
import os
import pty
import re
import subprocess
import termios
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

WIDTH, HEIGHT = 120, 50
QUESTION = b"]: "
PARTS = re.compile(r"(\x1b\[[0-9;?]*[A-Za-z]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\r*\n|\r)")


@dataclass
class Screen:
    """The lines of a terminal, with their colours. Only for programs that write each line whole, as Rich does."""

    lines: list[str] = field(default_factory=lambda: [""])
    row: int = 0
    returned: bool = False

    def feed(self, text: str) -> None:
        """Takes a program's output."""
        for part in PARTS.split(text):
            if part.endswith("\n"):
                self._down()
            elif part == "\r":
                self.returned = True
            elif part.startswith("\x1b[") and part.endswith("A"):
                self.row = max(0, self.row - int(part[2:-1] or 1))
            elif part.startswith("\x1b[") and part.endswith("K"):
                self.lines[self.row] = ""
            elif not part.startswith("\x1b") or part.endswith("m"):
                self._write(part)

    def _down(self) -> None:
        self.row, self.returned = self.row + 1, False
        if self.row == len(self.lines):
            self.lines.append("")

    def _write(self, text: str) -> None:
        if text and self.returned:
            self.lines[self.row], self.returned = "", False
        self.lines[self.row] += text


def run(command: list[str], folder: Path, environment: Mapping[str, str] = os.environ, answer: str = "y") -> Screen:
    """Runs a command in a terminal to its end. `answer` is typed at each question."""
    outer, inner = pty.openpty()
    termios.tcsetwinsize(inner, (HEIGHT, WIDTH))
    own = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(WIDTH), "LINES": str(HEIGHT)}
    screen = Screen()
    process = subprocess.Popen(
        command, cwd=folder, env={**environment, **own}, stdin=inner, stdout=inner, stderr=inner, start_new_session=True
    )
    os.close(inner)
    output = b""
    with suppress(OSError):  # the terminal ends with its last program
        while block := os.read(outer, 65536):
            output += block
            if output.endswith(QUESTION):
                os.write(outer, f"{answer}\n".encode())
    os.close(outer)
    process.wait()
    screen.feed(output.decode(errors="replace"))
    return screen


def draw(screen: Screen, command: str, file: Path, title: str) -> None:
    """Draws a screen below the command that has filled it."""
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False, markup=False, emoji=False)
    console.print(f"$ {command}")
    lines = [Text.from_ansi(line) for line in screen.lines]
    while lines and not lines[-1].plain.strip():
        lines.pop()
    for line in lines:
        # As a terminal does: it wraps at its edge.
        for part in line.divide(range(WIDTH, len(line), WIDTH)):
            console.print(part, soft_wrap=True)
    console.save_svg(str(file), title=title)
