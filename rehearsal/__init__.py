"""The same program on local Docker, where no Pulumi CLI can be had."""

from pathlib import Path

from .monitor import Monitor, run
from .state import Resource, Secret, Stack

__all__ = ["Resource", "Secret", "declare"]


def declare(stack: str, file: Path | str | None = None) -> list[Resource]:
    """All that the working directory's program declares for a stack; touches nothing and asks nobody."""
    found = Stack(stack, file)
    monitor = Monitor(strict=found.local)
    run(monitor, found, dry=True)
    return list(monitor.found.values())
