"""How a run is shown: live on a terminal, as plain lines in a pipe, as objects for machines."""

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TextIO, cast

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .report import report
from .run import Run, View
from .steps import Step

MOST = 10
"""Steps at work that are shown at once."""
MOST_LINES = 40
"""Lines of a step that are shown once it has ended: the last ones."""
STYLES = {"error:": "bold red", "warning:": "yellow", "drift": "yellow"}


def view(*, as_json: bool = False, preview: bool = False) -> View:
    """The view that suits where the output goes."""
    if as_json:
        return Objects(preview)
    live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return OnTerminal(preview) if live else Lines(preview)


class Lasting:
    """A file that may be written to after its reader has gone, or its terminal was closed: the run goes on."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, text: str) -> None:
        """Writes what the file can take: a sign that it has no code for becomes a question mark."""
        encoding = self._file.encoding or "utf-8"
        self._try(self._file.write, text.encode(encoding, "replace").decode(encoding))

    def flush(self) -> None:
        """Hands on what was written."""
        self._try(self._file.flush)

    def _try(self, act: Callable[..., object], *words: str) -> None:
        try:
            act(*words)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._file.fileno())


def terminal() -> Console:
    """The terminal at standard output."""
    return Console(file=cast(TextIO, Lasting(sys.stdout)), highlight=False, markup=False, emoji=False)


def write(text: str) -> None:
    """Writes a line to standard output."""
    file = Lasting(sys.stdout)
    file.write(f"{text}\n")
    file.flush()


def ended(step: Step) -> tuple[str, list[str]]:
    """What has become of a step: the last that it said, and what it said before. Of one that failed the end tells."""
    if step.failed:
        return "failed", []
    *before, last = step.lines[-MOST_LINES:] or [", ".join([step.does, *step.changes])]
    return last.strip(), [f"  {line}" for line in before]


@dataclass
class Lines:
    """A line for each step as it ends, and below it what else it said; those of a preview are told in the end."""

    preview: bool = False

    def begin(self, step: Step) -> None:
        """Nothing: a line is written once."""

    def line(self, step: Step) -> None:
        """Nothing: the last line is shown in the end."""

    def end(self, step: Step) -> None:
        """Title, time, and what it said."""
        if not self.preview:
            words, before = ended(step)
            for line in [f"{step.title}  {step.seconds:.1f} s  {words}", *before]:
                write(line)

    def note(self, text: str) -> None:
        """As it is."""
        write(text)

    def close(self, run: Run) -> None:
        """What is to be known in the end."""
        for line in report(run):
            write(line)


@dataclass
class OnTerminal:
    """The steps at work, each with its time and what it says, below those that have ended."""

    preview: bool = False
    console: Console = field(default_factory=terminal)
    work: list[Step] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.begun = time.monotonic()
        self.live = Live(get_renderable=self._at_work, console=self.console, transient=True, refresh_per_second=4)
        self.live.start()

    def begin(self, step: Step) -> None:
        """It is among those at work."""
        self.work.append(step)

    def line(self, step: Step) -> None:
        """The next picture shows it."""

    def end(self, step: Step) -> None:
        """Its line stays."""
        if step in self.work:
            self.work.remove(step)
        if self.preview:
            return
        mark = Text("✗", "red") if step.failed else Text("✓", "green")
        words, before = ended(step)
        self.console.print(self._row(mark, step, step.seconds, words))
        for line in before:
            self.console.print(Text(line, "dim"), soft_wrap=True)

    def note(self, text: str) -> None:
        """Above those at work."""
        self.console.print(_styled(text), soft_wrap=True)

    def close(self, run: Run) -> None:
        """What is to be known in the end."""
        self.live.stop()
        for line in report(run):
            self.console.print(_styled(line), soft_wrap=True)

    def _at_work(self) -> Group:
        now = time.monotonic()
        if self.preview or not self.work:
            waiting = Step(title="looking at what is there", kind="", does="")
            return Group(self._row(Text("·"), waiting, now - self.begun, ""))
        rows = [
            self._row(Text("·"), step, now - step.begun, step.lines[-1].strip() if step.lines else step.does)
            for step in self.work[:MOST]
        ]
        more = len(self.work) - MOST
        return Group(*rows, *([Text(f"  and {more} more")] if more > 0 else []))

    def _row(self, mark: Text, step: Step, seconds: float, words: str) -> Table:
        """One line, however narrow the terminal is: what a step says gives way first."""
        width = self.console.width
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(width=1)
        row.add_column(width=min(36, width // 2), no_wrap=True, overflow="ellipsis")
        row.add_column(width=7, justify="right", no_wrap=True)
        row.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        row.add_row(mark, step.title, f"{seconds:.1f} s", Text(words, "dim"))
        return row


@dataclass
class Objects:
    """One object a line: docs/releases.md names their fields."""

    preview: bool = False

    def begin(self, step: Step) -> None:
        """`begin`; `change` in a preview."""
        self._write("change" if self.preview else "begin", step=step.title, does=step.does, changes=step.changes)

    def line(self, step: Step) -> None:
        """`line`."""
        self._write("line", step=step.title, text=step.lines[-1])

    def end(self, step: Step) -> None:
        """`end`, or `fail` with the error."""
        if step.failed:
            self._write("fail", step=step.title, seconds=round(step.seconds, 1), error=step.error)
        elif not self.preview:
            self._write("end", step=step.title, seconds=round(step.seconds, 1))

    def note(self, text: str) -> None:
        """`note`."""
        self._write("note", text=text)

    def close(self, run: Run) -> None:
        """`done`, always the last one."""
        for name, changes in run.drift.items():
            self._write("drift", step=name, changes=changes)
        self._write(
            "done",
            code=run.code,
            seconds=round(run.seconds, 1),
            errors=run.errors,
            failed=[step.title for step in run.failed],
            skipped=run.skipped,
            changed=run.changed,
            unchanged=run.unchanged,
            outputs=run.outputs,
        )

    def _write(self, event: str, **fields: Any) -> None:
        write(json.dumps({"event": event, **fields}))


def _styled(line: str) -> Text:
    text = Text(line)
    for word, style in STYLES.items():
        if line.startswith(word):
            text.stylize(style, 0, len(word))
    return text
