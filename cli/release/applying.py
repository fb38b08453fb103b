"""Runs `up`: records what it releases, and says after a failure what state things are in."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ..engine.hints import flag
from ..engine.runner import Command
from ..show import outcome
from ..show.report import report
from ..show.run import Run
from ..show.steps import owner
from ..show.views import view
from ..stack import services
from . import history

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
    began: Callable[[], object] = lambda: None,
    ask_again: Callable[[], object] | None = None,
) -> int:
    """Changes the platform, or one service by the engine's `targets` alone. Returns the exit code.

    `command` is the operator's, as the history names it, and `again` is the one that continues it. `began` is called
    when a step begins, and `ask_again` before anything that the preview could not show.
    """
    names = services.stack_file(stack).block("services")

    def lines(run: Run) -> Iterator[str]:
        if service:
            run.outputs, run.new_outputs = (_of(service, each) for each in (run.outputs, run.new_outputs))
        yield from report(run)
        yield from outcome.advice(run, names, stack, again or f"./sertantai up{flag(stack)}")

    show = history.recorded(stack, command, lambda **options: view(**options, report=lines), began)
    verb = "deploy" if targets else "up"
    return Command(verb, stack, as_json, show, ask_again=ask_again).run("up", *WORDS, *targets)


def _of(service: str, outputs: dict[str, Any]) -> dict[str, Any]:
    """Returns the outputs of one service."""
    tables = {name: value for name, value in outputs.items() if isinstance(value, dict)}
    return {
        name: {key: value for key, value in table.items() if owner(key) == service} for name, table in tables.items()
    }
