"""Runs `up`: records what it releases, and says after a failure what state things are in."""

from collections.abc import Iterator, Sequence

from . import history, outcome, services
from .report import report
from .run import Run
from .runner import Command
from .views import view

WORDS = ("--yes", "--skip-preview", "--continue-on-error")
"""A failed service does not stop the others."""


def apply(
    stack: str, *, command: str = "up", targets: Sequence[str] = (), again: str = "", as_json: bool = False
) -> int:
    """Changes the platform, or the engine's `targets` alone, and returns the exit code.

    `command` is the operator's, as the history names it, and `again` is the one that continues it.
    """
    names = services.stack_file(stack).block("services")

    def lines(run: Run) -> Iterator[str]:
        yield from report(run)
        yield from outcome.advice(run, names, again or f"make up{'' if stack == 'local' else f' STACK={stack}'}")

    show = history.recorded(stack, command, lambda **options: view(**options, report=lines))
    verb = "deploy" if targets else "up"
    return Command(verb, stack, as_json, show).run("up", *WORDS, *targets)
