"""One run of either runner, built from the engine's events: the action, output and end of each step."""

import re
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from .changes import DRIFTED, UNKNOWN, changes
from .events import Key, fingerprint, key_of, public
from .meanings import INTERRUPTED, NOISE, explain
from .steps import KEPT, SERVICES, Step, is_kept, is_step, title

STACK = "pulumi:pulumi:Stack"
IMAGE = "docker:index/remoteImage:RemoteImage"
# The engine's operations in the operator's terms. Other operations change nothing on the host.
ACTIONS = {
    "create": "new",
    "update": "changed",
    "create-replacement": "new",
    "delete": "removed",
    "delete-replaced": "old one removed",
    "import": "imported",
    "import-replacement": "imported",
}
# The SDK's debug log of declared resources: the only trace of a step that never begins.
DECLARED = re.compile(r"registering resource: ty=(\S+), name=(\S+), custom=")


class View(Protocol):
    """Shows a run while it is running, and its summary."""

    def begin(self, step: Step) -> None:
        """Shows that a step has begun."""

    def line(self, step: Step) -> None:
        """Shows the last of the step's `lines`."""

    def end(self, step: Step) -> None:
        """Shows that a step has ended or failed."""

    def note(self, text: str) -> None:
        """Shows a message that belongs to no step, such as a warning."""

    def close(self, run: "Run") -> None:
        """Shows the summary of the run."""


@dataclass
class Run:
    """The state of a run. `code` is the exit code, once the run has ended."""

    view: View
    preview: bool = False
    clock: Callable[[], float] = time.monotonic
    code: int = 0
    steps: list[Step] = field(default_factory=list)
    """In the order in which they began."""
    drift: dict[str, list[str]] = field(default_factory=dict)
    """The drift of each step, by its title."""
    unchanged: int = 0
    outputs: dict[str, Any] = field(default_factory=dict)
    new_outputs: dict[str, Any] = field(default_factory=dict)
    images: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    """The image of each part before and after the run, by service and part. Empty: none, or not known."""
    interrupted: bool = False
    """Whether the operator has interrupted it."""
    _errors: list[Step | str] = field(default_factory=list)
    """Failed steps, and errors without a step, in the order of time."""
    _at: dict[str, Step] = field(default_factory=dict)
    """The last step of each resource, by URN."""
    _declared: dict[Key, None] = field(default_factory=dict)
    _reached: set[Key] = field(default_factory=set)
    _names: set[str] = field(default_factory=set)
    """Of services and foreign sites."""
    _notes: set[str] = field(default_factory=set)
    _began_at: float = -1

    def read(self, event: Mapping[str, Any]) -> None:
        """Processes one event."""
        if self._began_at < 0:
            self._began_at = self.clock()
        match event:
            case {"resourcePreEvent": {"metadata": metadata}}:
                self._begin(metadata)
            case {"resOutputsEvent": {"metadata": metadata}}:
                self._end(metadata)
            case {"resOpFailedEvent": {"metadata": {"urn": urn}}}:
                self._reached.add(key_of(urn))
                self._fail(self._step_of(urn))
            case {"diagnosticEvent": diagnostic}:
                self._diagnose(diagnostic)
            case {"stdoutEvent": {"message": message}} if message.strip():
                self._note(message.strip().splitlines()[0])

    def finish(self, code: int, stderr: str = "") -> int:
        """Ends the run. Returns 0, or 1 if it has failed. `code` and `stderr` are the runner's."""
        self.code = code
        if code and not self._errors:
            self._errors.append(explain(stderr.strip().removeprefix("error: ")) or _reason(code))
        for step in self.steps if code and not self.preview else []:
            if not step.ended:  # the runner was killed during this step
                step.errors.append(INTERRUPTED)
                self._fail(step)
        self.view.close(self)
        return 1 if code else 0

    @property
    def seconds(self) -> float:
        """The duration of the run until now."""
        return self.clock() - self._began_at if self._began_at >= 0 else 0

    @property
    def failed(self) -> list[Step]:
        """The failed steps, in their order."""
        return [step for step in self.steps if step.failed]

    @property
    def errors(self) -> list[str]:
        """All errors, the one that matters first. Interrupted steps come last."""
        texts = [error.error if isinstance(error, Step) else error for error in self._errors] if self.code else []
        return sorted(texts, key=lambda error: INTERRUPTED in error)

    @property
    def changed(self) -> int:
        """The number of things that have changed, or would change."""
        return len({step.title for step in self.steps if not step.failed and (self.preview or step.ended)})

    @property
    def skipped(self) -> list[str]:
        """The titles of the steps that did not begin because an earlier one failed."""
        if self.preview or not self.code or not self.steps:
            return []
        return [title(name, self._names) for kind, name in self._declared if (kind, name) not in self._reached]

    def _begin(self, metadata: Mapping[str, Any]) -> None:
        urn, operation = metadata["urn"], metadata["op"]
        key = key_of(urn)
        self._declare(key)
        if not is_step(key.kind):
            return
        if key.kind == IMAGE:
            self._keep_image(key.name, metadata)
        if operation != "refresh":
            self._reached.add(key)
        self.unchanged += operation == "same"
        if operation in ACTIONS:
            step = self._at[urn] = self._step(urn, KEPT if is_kept(metadata) else ACTIONS[operation], changes(metadata))
            step.inputs = fingerprint(metadata)
            self.steps.append(step)
            if DRIFTED in step.changes:
                self.drift[step.title] = [DRIFTED]
            self.view.begin(step)

    def _keep_image(self, name: str, metadata: Mapping[str, Any]) -> None:
        """Keeps which image a part has, and will have."""
        path = title(name, self._names).removesuffix(" image").partition("/")
        inputs = [(metadata.get(age) or {}).get("inputs") or {} for age in ("old", "new")]
        old, new = ("" if UNKNOWN in (image := str(each.get("name", ""))) else image for each in inputs)
        before, after = self.images.get((path[0], path[2]), ("", ""))
        # A replaced image has one event for the new one and one for the old one.
        self.images[path[0], path[2]] = (before or old, "" if metadata["op"] == "delete" else new or after)

    def _end(self, metadata: Mapping[str, Any]) -> None:
        urn, operation = metadata["urn"], metadata["op"]
        if operation == "refresh":
            self._record_drift(metadata)
        elif f"::{STACK}::" in urn:
            self._keep_outputs(metadata)
        elif operation in ACTIONS and (step := self._at.get(urn)):
            step.ended, step.seconds = True, self.clock() - step.begun
            self.view.end(step)

    def _record_drift(self, metadata: Mapping[str, Any]) -> None:
        name = title(key_of(metadata["urn"]).name, self._names)
        if metadata.get("new") is None:
            self.drift[name] = ["is gone"]
        elif metadata.get("diffs") and is_step(metadata["type"]):
            self.drift[name] = changes(metadata, "outputs") or list(metadata["diffs"])

    def _keep_outputs(self, metadata: Mapping[str, Any]) -> None:
        """Keeps the stack outputs, without secrets."""
        new, old = (public((metadata.get(age) or {}).get("outputs") or {}) for age in ("new", "old"))
        if new:
            self.outputs = new
            self.new_outputs = {name: value for name, value in new.items() if value != old.get(name)}

    def _step_of(self, urn: str) -> Step:
        """Returns the resource's last step, or else a step for its failed refresh."""
        return self._at.setdefault(urn, self._step(urn, "could not be read"))

    def _fail(self, step: Step) -> None:
        step.failed, step.ended, step.seconds = True, True, self.clock() - step.begun
        if step not in self.steps:
            self.steps.append(step)
        if step not in self._errors:
            self._errors.append(step)
        self.view.end(step)

    def _diagnose(self, diagnostic: Mapping[str, Any]) -> None:
        message, severity, urn = diagnostic["message"], diagnostic["severity"], diagnostic.get("urn") or ""
        if severity == "debug":
            if match := DECLARED.match(message):
                self._declare(Key(*match.groups()))
        elif severity == "error":
            self._add_error(urn, explain(message))
        elif urn in self._at:
            for line in message.splitlines():
                self._at[urn].lines.append(line)
                self.view.line(self._at[urn])
        elif not NOISE.search(message):
            self._note("warning: " * (severity == "warning") + message.strip())

    def _add_error(self, urn: str, text: str) -> None:
        if text and urn and is_step(key_of(urn).kind):
            # The engine sends no end for a step whose inputs it refuses, so its error is recorded here.
            step = self._step_of(urn)
            self._reached.add(key_of(urn))
            step.errors.append(text)
            if step not in self._errors:
                self._errors.append(step)
        elif text:
            self._errors.append(text)

    def _note(self, text: str) -> None:
        self.interrupted = self.interrupted or text.startswith("^C received")
        if text not in self._notes:
            self._notes.add(text)
            self.view.note(text)

    def _declare(self, key: Key) -> None:
        if key.kind in SERVICES:
            self._names.add(key.name)
        if is_step(key.kind):
            self._declared.setdefault(key)

    def _step(self, urn: str, action: str, changes: Sequence[str] = ()) -> Step:
        key = key_of(urn)
        name = title(key.name, self._names)
        return Step(title=name, kind=key.kind, action=action, changes=list(changes), begun=self.clock())


def _reason(code: int) -> str:
    """Returns why a run without any error message has ended."""
    killed = f"the run was ended by {signal.Signals(-code).name}; run up again" if code < 0 else ""
    return killed or f"ended with exit code {code}"
