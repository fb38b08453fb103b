"""Summarizes a run: the one error that matters, other failures, and steps that were not reached; or a preview."""

from collections.abc import Iterator, Sequence
from typing import Any

from .run import Run
from .steps import Step

MAX_NAMES = 8
"""Names in the line `not reached`."""


def report(run: Run) -> Iterator[str]:
    """Yields the lines of the summary."""
    if run.preview:
        yield from _preview(run)
    elif not run.code:
        yield from _outputs(run)
    yield from _errors(run)
    yield _counts(run)


def _preview(run: Run) -> Iterator[str]:
    if run.drift:
        yield "drift: changed on the host since the last up"
        yield from _rows([(name, ", ".join(changes)) for name, changes in run.drift.items()])
    if run.steps:
        yield "changes"
        yield from _rows([(step.title, action(step)) for step in run.steps if not step.failed])


def action(step: Step) -> str:
    """Returns what `up` would do for a step, and why."""
    changes = ", ".join(step.changes)
    match step.kind.rpartition(":")[2], step.action:
        case "Container", "new":
            words = "new container"
        case "RemoteImage", "new":
            words = "is pulled"
        case "Command", "changed":
            words = "runs again"
        case "Command", "new":
            words = "runs"
        case _:
            words = step.action
    return f"{words}: {changes}" if changes else words


def _rows(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = max((len(name) for name, _ in rows), default=0)
    for name, words in rows:
        yield f"  {name:{width}}  {words}"


def _errors(run: Run) -> Iterator[str]:
    if not run.errors:
        return
    first, *others = run.errors
    yield from f"error: {first}".splitlines()
    for error in others:
        yield f"also failed: {error.splitlines()[0]}"
    if run.skipped:
        more = len(run.skipped) - MAX_NAMES
        yield f"not reached: {', '.join(run.skipped[:MAX_NAMES])}{f' and {more} more' if more > 0 else ''}"


def _outputs(run: Run) -> Iterator[str]:
    """Yields the stack outputs that have changed, and the URLs in any case."""
    outputs = {name: value for name, value in run.outputs.items() if name == "urls"} | run.new_outputs
    yield from _rows([row for name, value in outputs.items() for row in _flatten(name, value)])


def _flatten(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [(f"{name} {key}", _one_line(inner)) for key, inner in value.items() if inner]
    return [(name, _one_line(value))] if value else []


def _one_line(value: Any) -> str:
    """Returns an output without its line breaks: a certificate's issuer and dates are lines of a step."""
    return ", ".join(str(value).splitlines())


def _counts(run: Run) -> str:
    counts = [f"{run.changed} to change" if run.preview else f"{run.changed} changed"] if run.changed else []
    counts += [f"{len(run.failed)} failed"] if run.failed else []
    return f"{', '.join([*counts, f'{run.unchanged} unchanged'])}; {run.seconds:.0f} s"
