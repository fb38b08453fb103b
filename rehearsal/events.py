"""Writes the rehearsal's steps as the engine's events, so that the command shows both with the same code."""

import json
import sys
import textwrap
from collections.abc import Sequence
from typing import Any

from pulumi.runtime import rpc
from rich.console import Console

from local.errors import Trouble
from settings import StackFile

from .engine import Engine
from .monitor import STACK, explain
from .state import Resource, Secret

OPS = {"replace": "create-replacement"}


class Events(Console):
    """A console that writes events instead of text."""

    failed = False

    def print(self, *_: Any, **__: Any) -> None:
        """Prints nothing: events contain the same information."""

    def write(self, text: str) -> None:
        """Writes a line for stderr as an event: the command shows stderr only at the end."""
        if text.strip():
            self.event("stdoutEvent", message=text)

    def flush(self) -> None:
        """Does nothing: events are not buffered."""

    def event(self, kind: str, **fields: Any) -> None:
        """Writes an event."""
        self.failed |= kind == "resOpFailedEvent"
        sys.stdout.write(f"{json.dumps({kind: fields}, default=_mask)}\n")
        sys.stdout.flush()

    def step(
        self, kind: str, op: str, new: Resource | None, old: Resource | None = None, diffs: Sequence[str] = ()
    ) -> None:
        """Writes an event about a resource. Without `new`, the resource is gone."""
        about = new or old
        assert about
        ages = {"old": old and {"inputs": old.inputs}, "new": new and {"inputs": new.inputs}}
        metadata = {"op": OPS.get(op, op), "urn": about.urn, "type": about.type, "diffs": [*diffs], **ages}
        self.event(kind, metadata=metadata)

    def write_end(self, stack: str, outputs: dict[str, Any], error: str | None) -> None:
        """Writes the program's outputs, and the run's error if no step has reported it."""
        if error and not self.failed:
            self.event("diagnosticEvent", message=error, severity="error")
        metadata = {"op": "same", "urn": f"urn:pulumi:{stack}::::{STACK}::{stack}", "new": {"outputs": outputs}}
        self.event("resOutputsEvent", metadata=metadata)


class ReportingEngine(Engine):
    """An engine that writes events for its steps."""

    def __init__(self, stack: StackFile, events: Events, *, dry_run: bool = False) -> None:
        super().__init__(stack, lambda _: None, dry_run=dry_run)
        self.events = events
        for resource in self.state.resources.values():
            events.step("resourcePreEvent", "refresh", resource, resource)

    def show_message(self, message: str) -> None:
        """Writes a message of the program."""
        self.events.event("diagnosticEvent", message=message, severity="warning")

    def make(self, new: Resource) -> Resource:
        """Changes a resource, and writes its error or that it is unchanged."""
        try:
            created = super().make(new)
        except Exception as error:
            self._fail(new, error)
            raise
        if not self.dry_run and self.changes.get(new.urn, ("same", []))[0] == "same":
            self.events.step("resourcePreEvent", "same", new)
        return created

    def _plan(self, new: Resource, old: Resource | None) -> tuple[str, list[str]]:
        change, names = super()._plan(new, old)
        if old and change == "create":
            self.events.step("resOutputsEvent", "refresh", None, old)
        return change, names

    def _apply(self, change: str, new: Resource, old: Resource | None) -> Resource:
        self.events.step("resourcePreEvent", change, new, old, self.changes[new.urn][1])
        created = super()._apply(change, new, old)
        stdout = created.outputs.get("stdout", "")
        for line in [] if isinstance(stdout, Secret) else str(stdout).splitlines():
            self.events.event("diagnosticEvent", urn=new.urn, message=line, severity="info")
        self.events.step("resOutputsEvent", change, created)
        return created

    def _delete(self, old: Resource) -> None:
        op = "delete-replaced" if self.state.resources.get(old.urn) is not old else "delete"
        op = "discard-replaced" if old.options.get("retain_on_delete") else op
        self.events.step("resourcePreEvent", op, None, old)
        try:
            super()._delete(old)
        except Exception as error:
            self._fail(old, error)
            raise
        self.events.step("resOutputsEvent", op, None, old)

    def _fail(self, resource: Resource, error: Exception) -> None:
        message, _, output = explain(error).partition("\n")
        if isinstance(error, Trouble) and message.startswith("exit status"):
            message += f': running "":\n{textwrap.dedent(output)}'
        elif output:
            message += f"\n{output}"
        self.events.event("diagnosticEvent", urn=resource.urn, message=message, severity="error")
        self.events.step("resOpFailedEvent", "", resource)


def _mask(value: Any) -> Any:
    return {rpc._special_sig_key: rpc._special_secret_sig} if isinstance(value, Secret) else repr(value)
