"""Shows a run: live on a terminal, as plain lines in a pipe, or as JSON objects."""

import json
import os
import sys
import textwrap
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Protocol, TextIO, TypeAlias, cast

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from .report import report
from .run import Run, View
from .steps import Step

MAX_STEPS = 10
"""Running steps that are shown at once."""
MAX_LINES = 40
"""Lines of a step that are shown once it has ended: the last ones."""
STYLES = {"error:": "bold red", "warning:": "yellow", "drift": "yellow"}


Report: TypeAlias = Callable[[Run], Iterable[str]]
"""Returns the lines of a run's summary."""


class Show(Protocol):
    """Returns the view of a run that is about to begin."""

    def __call__(self, *, as_json: bool, preview: bool) -> View: ...  # noqa: D102


def view(*, as_json: bool = False, preview: bool = False, report: Report = report) -> View:
    """Returns the view for the current standard output."""
    if as_json:
        return JsonView(preview)
    live = sys.stdout.isatty() and os.environ.get("TERM") != "dumb"
    return LiveView(preview, report=report) if live else PlainView(preview, report)


class ResilientFile:
    """A file whose writes never fail: the run continues after its reader has gone or its terminal has closed."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)

    def write(self, text: str) -> None:
        """Writes text. Characters that the file's encoding lacks become question marks."""
        encoding = self._file.encoding or "utf-8"
        self._try(self._file.write, text.encode(encoding, "replace").decode(encoding))

    def flush(self) -> None:
        """Flushes the file."""
        self._try(self._file.flush)

    def _try(self, act: Callable[..., object], *words: str) -> None:
        try:
            act(*words)
        except OSError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self._file.fileno())


def terminal() -> Console:
    """Returns a console for the terminal at standard output."""
    return Console(file=cast(TextIO, ResilientFile(sys.stdout)), highlight=False, markup=False, emoji=False)


def wrapped(console: Console, text: str, indent: str) -> list[str]:
    """Returns text as lines for a terminal's width, the later ones indented. Without a terminal it is one line."""
    if not console.is_terminal:
        return [text]
    return textwrap.wrap(text, console.width, subsequent_indent=indent, break_on_hyphens=False) or [text]


def write(text: str) -> None:
    """Writes a line to standard output."""
    file = ResilientFile(sys.stdout)
    file.write(f"{text}\n")
    file.flush()


def summary(step: Step) -> tuple[str, list[str]]:
    """Returns the last line of an ended step, and its earlier lines. A failed step's lines are in the run's summary."""
    if step.failed:
        return "failed", []
    *before, last = step.lines[-MAX_LINES:] or [", ".join([step.action, *step.changes])]
    return last.strip(), [f"  {line}" for line in before]


@dataclass
class PlainView:
    """Prints a line for each ended step, with its other output below. A preview prints only the summary."""

    preview: bool = False
    report: Report = report

    def begin(self, step: Step) -> None:
        """Prints nothing: each step has one line."""

    def line(self, step: Step) -> None:
        """Prints nothing until the step has ended."""

    def end(self, step: Step) -> None:
        """Prints the step's title, time and output."""
        if not self.preview:
            words, before = summary(step)
            for line in [f"{step.title}  {step.seconds:.1f} s  {words}", *before]:
                write(line)

    def note(self, text: str) -> None:
        """Prints the message."""
        write(text)

    def close(self, run: Run) -> None:
        """Prints the summary."""
        for line in self.report(run):
            write(line)


@dataclass
class LiveView:
    """Shows the running steps, each with its time and last line, below the ended steps."""

    preview: bool = False
    console: Console = field(default_factory=terminal)
    running: list[Step] = field(default_factory=list)
    report: Report = report

    def __post_init__(self) -> None:
        self.begun = time.monotonic()
        self.live = Live(get_renderable=self._render, console=self.console, transient=True, refresh_per_second=4)
        self.live.start()

    def begin(self, step: Step) -> None:
        """Adds the step to the running ones."""
        self.running.append(step)

    def line(self, step: Step) -> None:
        """Does nothing: the next refresh shows the line."""

    def end(self, step: Step) -> None:
        """Prints the step's line, which stays."""
        if step in self.running:
            self.running.remove(step)
        if self.preview:
            return
        mark = Text("✗", "red") if step.failed else Text("✓", "green")
        words, before = summary(step)
        self.console.print(self._row(mark, step, step.seconds, words))
        for line in before:
            self.console.print(Text(line, "dim"), soft_wrap=True)

    def note(self, text: str) -> None:
        """Prints the message above the running steps."""
        self.console.print(_styled(text), soft_wrap=True)

    def close(self, run: Run) -> None:
        """Prints the summary."""
        self.live.stop()
        for line in self.report(run):
            self.console.print(_styled(line), soft_wrap=True)

    def _render(self) -> Group:
        now = time.monotonic()
        if self.preview or not self.running:
            waiting = Step(title="reading the current state", kind="", action="")
            return Group(self._row(Text("·"), waiting, now - self.begun, ""))
        rows = [
            self._row(Text("·"), step, now - step.begun, step.lines[-1].strip() if step.lines else step.action)
            for step in self.running[:MAX_STEPS]
        ]
        more = len(self.running) - MAX_STEPS
        return Group(*rows, *([Text(f"  and {more} more")] if more > 0 else []))

    def _row(self, mark: Text, step: Step, seconds: float, words: str) -> Table:
        """Returns one line for any width of the terminal. The step's output is shortened first."""
        width = self.console.width
        row = Table.grid(padding=(0, 1), expand=True)
        row.add_column(width=1)
        row.add_column(width=min(36, width // 2), no_wrap=True, overflow="ellipsis")
        row.add_column(width=7, justify="right", no_wrap=True)
        row.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        row.add_row(mark, step.title, f"{seconds:.1f} s", Text(words, "dim"))
        return row


@dataclass
class JsonView:
    """Prints one JSON object a line. docs/releases.md documents their fields."""

    preview: bool = False

    def begin(self, step: Step) -> None:
        """Prints `begin`, or `change` in a preview."""
        self._write("change" if self.preview else "begin", step=step.title, action=step.action, changes=step.changes)

    def line(self, step: Step) -> None:
        """Prints `line`."""
        self._write("line", step=step.title, text=step.lines[-1])

    def end(self, step: Step) -> None:
        """Prints `end`, or `fail` with the error."""
        if step.failed:
            self._write("fail", step=step.title, seconds=round(step.seconds, 1), error=step.error)
        elif not self.preview:
            self._write("end", step=step.title, seconds=round(step.seconds, 1))

    def note(self, text: str) -> None:
        """Prints `note`."""
        self._write("note", text=text)

    def close(self, run: Run) -> None:
        """Prints `drift` and, last, `done`."""
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
