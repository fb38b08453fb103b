"""Runs `up`: records what it releases, and says after a failure what state things are in."""

from collections.abc import Iterator, Sequence
from typing import Any

from . import history, outcome, services
from .report import report
from .run import Run
from .runner import Command
from .steps import owner
from .views import view

WORDS = ("--yes", "--skip-preview", "--continue-on-error")
"""A failed service does not stop the others."""


def apply(
    stack: str,
    *,
    command: str = "up",
    service: str = "",
    targets: Sequence[str] = (),
    again: str = "",
    as_json: bool = False,
) -> tuple[int, bool]:
    """Changes the platform, or one service by the engine's `targets` alone. Returns the exit code, and whether any step
    has begun.

    `command` is the operator's, as the history names it, and `again` is the one that continues it.
    """
    names = services.stack_file(stack).block("services")

    begun = False

    def lines(run: Run) -> Iterator[str]:
        nonlocal begun
        begun = begun or bool(run.steps)
        if service:
            run.outputs, run.new_outputs = (_of(service, each) for each in (run.outputs, run.new_outputs))
        yield from report(run)
        yield from outcome.advice(run, names, again or f"make up{'' if stack == 'local' else f' STACK={stack}'}")

    show = history.recorded(stack, command, lambda **options: view(**options, report=lines))
    verb = "deploy" if targets else "up"
    code = Command(verb, stack, as_json, show).run("up", *WORDS, *targets)
    return code, begun


def _of(service: str, outputs: dict[str, Any]) -> dict[str, Any]:
    """Returns the outputs of one service."""
    tables = {name: value for name, value in outputs.items() if isinstance(value, dict)}
    return {
        name: {key: value for key, value in table.items() if owner(key) == service} for name, table in tables.items()
    }
