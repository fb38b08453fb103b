"""The end of a run in a few lines: the one error that matters, what else failed, what was not reached; or a preview."""

from collections.abc import Iterator, Sequence
from typing import Any

from .run import Run
from .steps import Step

MOST = 8
"""Names in the line of what was not reached."""


def report(run: Run) -> Iterator[str]:
    """The lines, in the order of their weight."""
    if run.preview:
        yield from _preview(run)
    elif not run.code:
        yield from _outputs(run)
    yield from _troubles(run)
    yield _counts(run)


def _preview(run: Run) -> Iterator[str]:
    if run.drift:
        yield "drift: changed on the host since the last up"
        yield from _rows([(name, ", ".join(changes)) for name, changes in run.drift.items()])
    if run.steps:
        yield "changes"
        yield from _rows([(step.title, _would(step)) for step in run.steps if not step.failed])


def _would(step: Step) -> str:
    """What `up` does for a step, and why."""
    why = ", ".join(step.changes)
    match step.kind.rpartition(":")[2], step.does:
        case "Container", "new":
            does = "new container"
        case "RemoteImage", "new":
            does = "is pulled"
        case "Command", "changed":
            does = "runs again"
        case "Command", "new":
            does = "runs"
        case _:
            does = step.does
    return f"{does}: {why}" if why else does


def _rows(rows: Sequence[tuple[str, str]]) -> Iterator[str]:
    width = max((len(name) for name, _ in rows), default=0)
    for name, words in rows:
        yield f"  {name:{width}}  {words}"


def _troubles(run: Run) -> Iterator[str]:
    if not run.errors:
        return
    first, *others = run.errors
    yield from f"error: {first}".splitlines()
    for error in others:
        yield f"also failed: {error.splitlines()[0]}"
    if run.skipped:
        more = len(run.skipped) - MOST
        yield f"not reached: {', '.join(run.skipped[:MOST])}{f' and {more} more' if more > 0 else ''}"


def _outputs(run: Run) -> Iterator[str]:
    """Yields the stack outputs that have changed, and the URLs in any case."""
    outputs = {name: value for name, value in run.outputs.items() if name == "urls"} | run.new_outputs
    yield from _rows([row for name, value in outputs.items() for row in _flat(name, value)])


def _flat(name: str, value: Any) -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [(f"{name} {key}", str(inner)) for key, inner in value.items() if inner]
    return [(name, str(value))] if value else []


def _counts(run: Run) -> str:
    counts = [f"{run.changed} to change" if run.preview else f"{run.changed} changed"] if run.changed else []
    counts += [f"{len(run.failed)} failed"] if run.failed else []
    return f"{', '.join([*counts, f'{run.unchanged} unchanged'])}; {run.seconds:.0f} s"
