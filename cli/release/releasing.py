"""Releases one service: writes its new settings into the stack file, shows the plan, asks, and runs the engine."""

import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from components.machine.confirmed import digests_file

from .. import git
from ..engine import state
from ..engine.engine import ROOT, console, has_local_state
from ..engine.pinned import find_or_install
from ..engine.runner import check_server
from ..refused import Refused
from ..stack import services
from ..stack.settings_edit import Edit
from ..stack.stack_edit import Keys
from . import target
from .applying import apply
from .previewing import preview
from .target import Resources


@dataclass(kw_only=True)
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
    resources: "Future[Resources] | None" = None
    """The state, if it is being read already."""
    begun: bool = field(default=False, init=False)
    """Whether a step has begun."""
    committed: str = field(default="", init=False)
    """The commit of the new settings."""

    @property
    def file(self) -> Path:
        """The stack file."""
        return ROOT / f"Pulumi.{self.stack}.yaml"

    def run(self) -> int:
        """Releases it and returns the exit code. Raises `Refused` or `typer.Exit`."""
        engine = find_or_install()
        if self.commit:
            git.check_can_commit(self.file)
        if not engine:
            console.print(f"Without the Pulumi CLI, {self.command} is an `up` of the whole stack.", soft_wrap=True)
        elif self.stack != "local":
            check_server(engine, self.stack)
        asks = self.stack != "local" and not self.yes
        # What is confirmed is what is applied.
        confirmed = digests_file() if asks else nullcontext()
        resources = self.resources.result() if self.resources else None
        with limited(engine, self.stack, self.service, resources) as words, confirmed, self._written():
            has_changes = not asks or self._confirm(words)
            if self.commit and self.edits:
                self.committed = git.commit_file(self.file, self._message())
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
        code = apply(
            self.stack,
            command=self.command,
            service=self.service,
            targets=targets,
            again=self.again,
            began=self._begin,
        )
        if code:
            raise typer.Exit(code)
        return code

    def _begin(self) -> None:
        self.begun = True

    def _message(self) -> str:
        what = ", ".join("/".join(keys[2:]) for keys in self.edits)
        return f"{self.command} {self.service}: {what}"

    @contextmanager
    def _written(self) -> Iterator[None]:
        """Writes the settings, and takes them back if the release is declined or cannot begin."""
        edit = Edit(self.file, self.edits)
        with _ended_by_signals():
            try:
                edit.write()
                yield
            except (typer.Exit, typer.Abort, Refused, KeyboardInterrupt):
                for line in self._what_stands(edit):
                    console.print(line, soft_wrap=True, markup=False)
                raise

    def _what_stands(self, edit: Edit) -> Iterator[str]:
        """Takes the settings back if that is still right, and says what is left of them."""
        name = self.file.name
        if self.begun:
            if self.edits:
                yield f"{name} keeps the new settings: `up` tries them again until a rollback"
        elif self.committed:
            yield (
                f"Nothing was changed on the host. The commit {self.committed} of {name} stands: the same command "
                f"releases it, and `git revert {self.committed}` takes it back."
            )
        elif left := edit.take_back():
            yield f"Nothing was changed on the host. {name} has been changed meanwhile, and keeps {', '.join(left)}."
        else:
            yield f"Nothing was changed; {name} is {'as it was' if edit.is_undone else 'without these settings again'}."


def read_state(engine: str | None, stack: str) -> Resources:
    """Returns the resources in the state: none without the engine, or of a local stack that does not exist yet."""
    exists = engine and (stack != "local" or has_local_state(stack))
    return state.resources(engine, stack) if engine and exists else []


@contextmanager
def limited(engine: str | None, stack: str, service: str, resources: Resources | None = None) -> Iterator[list[str]]:
    """Returns the engine's options that limit its runs in the block to one service. Raises `Refused`."""
    file = services.stack_file(stack)
    resources = read_state(engine, stack) if resources is None else resources
    with target.named(target.running_images(file, resources, service)):
        yield [word for urn in target.urns(file, resources, service) for word in ("--target", urn)]


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Ends the block in order if the terminal closes or this process is terminated, as after Ctrl-C.

    Under nohup the end of the terminal stays ignored.
    """

    def end(number: int, _: object) -> None:
        raise typer.Exit(128 + number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler != signal.SIG_IGN:
            signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
