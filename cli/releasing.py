"""Releases one service: writes its new settings into the stack file, shows the plan, asks, and runs the engine."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from components.machine.confirmed import digests_file

from . import git, services, stack_edit, state, target
from .applying import apply
from .engine import ROOT, console, has_local_state
from .pinned import find_or_install
from .previewing import preview
from .refused import Refused
from .stack_edit import Keys


@dataclass(frozen=True, kw_only=True)
class Release:
    """A release of one service: what it changes in the stack file, and what the operator called it with."""

    stack: str
    service: str
    command: str
    edits: Mapping[Keys, Any]
    again: str
    """The command that continues it."""
    yes: bool
    commit: bool
    built_from: Mapping[str, str] = field(default_factory=dict)
    """The commit of each new image, if its label names one."""

    @property
    def file(self) -> Path:
        """The stack file."""
        return ROOT / f"Pulumi.{self.stack}.yaml"

    def run(self) -> int:
        """Releases it and returns the exit code. Raises `Refused` before anything is changed."""
        engine = find_or_install()
        if self.commit:
            git.check_can_commit(self.file)
        if not engine:
            console.print(f"Without the Pulumi CLI, {self.command} is an `up` of the whole stack.", soft_wrap=True)
        asks = self.stack != "local" and not self.yes
        # What is confirmed is what is applied.
        confirmed = digests_file() if asks else nullcontext()
        with limited(engine, self.stack, self.service) as words, confirmed, self._written():
            has_changes = not asks or self._confirm(words)
            if self.commit and self.edits:
                git.commit_file(self.file, self._message())
            return self._apply(words) if has_changes else 0

    def _confirm(self, words: list[str]) -> bool:
        """Shows the plan and asks. Returns whether there is anything to do. Raises `typer.Exit`."""
        code, shown = preview(self.stack, self.service, words, built_from=self.built_from)
        if code or not shown:
            raise typer.Exit(code or 1)
        if shown.changes and not typer.confirm(f"Release {self.service} on {self.stack}?", err=True):
            raise typer.Exit(1)
        return bool(shown.changes)

    def _apply(self, targets: list[str]) -> int:
        code, begun = apply(self.stack, command=self.command, service=self.service, targets=targets, again=self.again)
        if code and not begun and not self.commit:
            raise typer.Exit(code)
        if code and self.edits:
            console.print(f"{self.file.name} keeps the new settings: `up` tries them again until a rollback")
        return code

    def _message(self) -> str:
        what = ", ".join("/".join(keys[2:]) for keys in self.edits)
        return f"{self.command} {self.service}: {what}"

    @contextmanager
    def _written(self) -> Iterator[None]:
        """Writes the settings, and takes them back if the release is declined or cannot begin."""
        before = written = self.file.read_bytes()
        try:
            for keys, value in self.edits.items():
                stack_edit.set_value(self.file, keys, value)
                written = self.file.read_bytes()
            yield
        except (typer.Exit, typer.Abort, Refused, KeyboardInterrupt):
            if self.file.read_bytes() == written != before:
                self.file.write_bytes(before)
            console.print(f"Nothing was changed; {self.file.name} is as it was.", soft_wrap=True)
            raise


@contextmanager
def limited(engine: str | None, stack: str, service: str) -> Iterator[list[str]]:
    """Returns the engine's options that limit its runs in the block to one service. Raises `Refused`."""
    file = services.stack_file(stack)
    exists = engine and (stack != "local" or has_local_state(stack))
    resources = state.resources(engine, stack) if engine and exists else []
    with target.named(target.running_images(file, resources, service)):
        yield [word for urn in target.urns(file, resources, service) for word in ("--target", urn)]
