"""The rehearsal's steps as the engine's events, a line each, so that the command shows both by the same code."""

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
from .monitor import STACK, explained
from .state import Resource, Secret

OPS = {"replace": "create-replacement"}


class Events(Console):
    """In the console's place: it writes events, and nothing of what is printed for people."""

    failed = False

    def print(self, *_: Any, **__: Any) -> None:
        """Prints nothing: the events contain it."""

    def write(self, text: str) -> None:
        """Writes a line of progress as an event; in the place of stderr, which the command shows only in the end."""
        if text.strip():
            self.event("stdoutEvent", message=text)

    def flush(self) -> None:
        """Does nothing: an event is never held back."""

    def event(self, kind: str, **fields: Any) -> None:
        """Writes an event."""
        self.failed |= kind == "resOpFailedEvent"
        sys.stdout.write(f"{json.dumps({kind: fields}, default=_masked)}\n")
        sys.stdout.flush()

    def step(
        self, kind: str, op: str, new: Resource | None, old: Resource | None = None, diffs: Sequence[str] = ()
    ) -> None:
        """Writes an event about a resource; without `new` it is gone."""
        about = new or old
        assert about
        ages = {"old": old and {"inputs": old.inputs}, "new": new and {"inputs": new.inputs}}
        metadata = {"op": OPS.get(op, op), "urn": about.urn, "type": about.type, "diffs": [*diffs], **ages}
        self.event(kind, metadata=metadata)

    def ended(self, stack: str, outputs: dict[str, Any], error: str | None) -> None:
        """What the program exports, or why it ended where no step has said it."""
        if error and not self.failed:
            self.event("diagnosticEvent", message=error, severity="error")
        metadata = {"op": "same", "urn": f"urn:pulumi:{stack}::::{STACK}::{stack}", "new": {"outputs": outputs}}
        self.event("resOutputsEvent", metadata=metadata)


class Reporting(Engine):
    """An engine that writes an event for all that it does."""

    def __init__(self, stack: StackFile, events: Events, *, dry: bool = False) -> None:
        super().__init__(stack, lambda _: None, dry=dry)
        self.events = events
        for each in self.state.resources.values():
            events.step("resourcePreEvent", "refresh", each, each)

    def hear(self, message: str) -> None:
        """What the program says."""
        self.events.event("diagnosticEvent", message=message, severity="warning")

    def make(self, new: Resource) -> Resource:
        """The step; why it failed, where it did."""
        try:
            made = super().make(new)
        except Exception as error:
            self._fail(new, error)
            raise
        if not self.dry and self.changes.get(new.urn, ("same", []))[0] == "same":
            self.events.step("resourcePreEvent", "same", new)
        return made

    def _plan(self, new: Resource, old: Resource | None) -> tuple[str, list[str]]:
        what, names = super()._plan(new, old)
        if old and what == "create":
            self.events.step("resOutputsEvent", "refresh", None, old)
        return what, names

    def _take(self, what: str, new: Resource, old: Resource | None) -> Resource:
        self.events.step("resourcePreEvent", what, new, old, self.changes[new.urn][1])
        made = super()._take(what, new, old)
        said = made.outputs.get("stdout", "")
        for line in [] if isinstance(said, Secret) else str(said).splitlines():
            self.events.event("diagnosticEvent", urn=new.urn, message=line, severity="info")
        self.events.step("resOutputsEvent", what, made)
        return made

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
        ended, _, said = explained(error).partition("\n")
        if isinstance(error, Trouble) and ended.startswith("exit status"):
            ended += f': running "":\n{textwrap.dedent(said)}'
        elif said:
            ended += f"\n{said}"
        self.events.event("diagnosticEvent", urn=resource.urn, message=ended, severity="error")
        self.events.step("resOpFailedEvent", "", resource)


def _masked(value: Any) -> Any:
    return {rpc._special_sig_key: rpc._special_secret_sig} if isinstance(value, Secret) else repr(value)
