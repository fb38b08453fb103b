"""One run of either runner, put together from the engine's events: what each step does, says and ends with."""

import re
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from .changes import DRIFTED, SECRET, UNKNOWN, changes
from .meanings import NOISE, STOPPED, meaning
from .steps import SERVICE, Step, is_step, title

STACK = "pulumi:pulumi:Stack"
# What the engine does for a step, in the operator's words. What is not here changes nothing on the host.
DOES = {
    "create": "new",
    "update": "changed",
    "create-replacement": "new",
    "delete": "removed",
    "delete-replaced": "old one removed",
    "import": "taken over",
    "import-replacement": "taken over",
}
# The SDK says in its debug log what the program declares: only by that a step that is never begun is known.
DECLARED = re.compile(r"registering resource: ty=(\S+), name=(\S+), custom=")


class Key(NamedTuple):
    """What tells a resource from the others without its parents."""

    kind: str
    name: str


class View(Protocol):
    """Shows a run while it goes on, and in the end."""

    def begin(self, step: Step) -> None:
        """A step was begun."""

    def line(self, step: Step) -> None:
        """It said something: the last of its `lines`."""

    def end(self, step: Step) -> None:
        """It has ended, well or not."""

    def note(self, text: str) -> None:
        """Something that is said once, such as a warning."""

    def close(self, run: "Run") -> None:
        """The run has ended."""


@dataclass
class Run:
    """What has happened so far. `code` is the exit code, once there is one."""

    view: View
    preview: bool = False
    clock: Callable[[], float] = time.monotonic
    code: int = 0
    steps: list[Step] = field(default_factory=list)
    """In the order in which they were begun."""
    drift: dict[str, list[str]] = field(default_factory=dict)
    """By title: what somebody's hand has changed."""
    unchanged: int = 0
    outputs: dict[str, Any] = field(default_factory=dict)
    new_outputs: dict[str, Any] = field(default_factory=dict)
    _errors: list[Step | str] = field(default_factory=list)
    """In the order of time: a step that failed, or the error of none."""
    _at: dict[str, Step] = field(default_factory=dict)
    """By URN, the last step of each resource."""
    _declared: dict[Key, None] = field(default_factory=dict)
    _reached: set[Key] = field(default_factory=set)
    _services: set[str] = field(default_factory=set)
    _notes: set[str] = field(default_factory=set)
    _begun: float = -1

    def read(self, event: Mapping[str, Any]) -> None:
        """Takes one event in."""
        if self._begun < 0:
            self._begun = self.clock()
        match event:
            case {"resourcePreEvent": {"metadata": metadata}}:
                self._begin(metadata)
            case {"resOutputsEvent": {"metadata": metadata}}:
                self._end(metadata)
            case {"resOpFailedEvent": {"metadata": {"urn": urn}}}:
                self._reached.add(_key(urn))
                self._fail(self._found(urn))
            case {"diagnosticEvent": said}:
                self._hear(said)
            case {"stdoutEvent": {"message": message}} if message.strip():
                self._note(message.strip().splitlines()[0])

    def finish(self, code: int, complaints: str = "") -> int:
        """The run has ended with this exit code, which is returned. `complaints`: what the runner wrote to stderr."""
        self.code = code
        if code and not self._errors:
            self._errors.append(meaning(complaints.strip().removeprefix("error: ")) or _reason(code))
        for step in self.steps if code and not self.preview else []:
            if not step.ended:  # the runner was killed
                step.errors.append(STOPPED)
                self._fail(step)
        self.view.close(self)
        return code

    @property
    def seconds(self) -> float:
        """How long it has taken up to now."""
        return self.clock() - self._begun if self._begun >= 0 else 0

    @property
    def failed(self) -> list[Step]:
        """The steps that failed, the first one first."""
        return [step for step in self.steps if step.failed]

    @property
    def errors(self) -> list[str]:
        """All that went wrong, the one that matters first: what was only stopped because of another comes last."""
        texts = [error.error if isinstance(error, Step) else error for error in self._errors] if self.code else []
        return sorted(texts, key=lambda error: STOPPED in error)

    @property
    def changed(self) -> int:
        """How many things are, or would be, changed."""
        return len({step.title for step in self.steps if not step.failed and (self.preview or step.ended)})

    @property
    def skipped(self) -> list[str]:
        """The titles of the steps that were not begun, since something failed before them."""
        if self.preview or not self.code or not self.steps:
            return []
        return [title(name, self._services) for kind, name in self._declared if (kind, name) not in self._reached]

    def _begin(self, metadata: Mapping[str, Any]) -> None:
        urn, does = metadata["urn"], metadata["op"]
        key = _key(urn)
        self._declare(key)
        if not is_step(key.kind):
            return
        if does != "refresh":
            self._reached.add(key)
        self.unchanged += does == "same"
        if does in DOES:
            step = self._at[urn] = self._step(urn, DOES[does], changes(metadata))
            self.steps.append(step)
            if DRIFTED in step.changes:
                self.drift[step.title] = [DRIFTED]
            self.view.begin(step)

    def _end(self, metadata: Mapping[str, Any]) -> None:
        urn, does = metadata["urn"], metadata["op"]
        if does == "refresh":
            self._look(metadata)
        elif f"::{STACK}::" in urn:
            self._hand_out(metadata)
        elif does in DOES and (step := self._at.get(urn)):
            step.ended, step.seconds = True, self.clock() - step.begun
            self.view.end(step)

    def _look(self, metadata: Mapping[str, Any]) -> None:
        name = title(_key(metadata["urn"]).name, self._services)
        if metadata.get("new") is None:
            self.drift[name] = ["is gone"]
        elif metadata.get("diffs") and is_step(metadata["type"]):
            self.drift[name] = changes(metadata, "outputs") or list(metadata["diffs"])

    def _hand_out(self, metadata: Mapping[str, Any]) -> None:
        """Keeps what the program exports, without its secrets."""
        new, old = (_public((metadata.get(age) or {}).get("outputs") or {}) for age in ("new", "old"))
        if new:
            self.outputs = new
            self.new_outputs = {name: value for name, value in new.items() if value != old.get(name)}

    def _found(self, urn: str) -> Step:
        """The resource's last step; where none was begun, the one that looked at what is there."""
        return self._at.setdefault(urn, self._step(urn, "could not be read"))

    def _fail(self, step: Step) -> None:
        step.failed, step.ended, step.seconds = True, True, self.clock() - step.begun
        if step not in self.steps:
            self.steps.append(step)
        if step not in self._errors:
            self._errors.append(step)
        self.view.end(step)

    def _hear(self, said: Mapping[str, Any]) -> None:
        message, severity, urn = said["message"], said["severity"], said.get("urn") or ""
        if severity == "debug":
            if found := DECLARED.match(message):
                self._declare(Key(*found.groups()))
        elif severity == "error":
            self._go_wrong(urn, meaning(message))
        elif urn in self._at:
            for line in message.splitlines():
                self._at[urn].lines.append(line)
                self.view.line(self._at[urn])
        elif not NOISE.search(message):
            self._note("warning: " * (severity == "warning") + message.strip())

    def _go_wrong(self, urn: str, text: str) -> None:
        if text and urn and is_step(_key(urn).kind):
            # The engine does not end a step of which it refuses the inputs, so its error counts from here on.
            step = self._found(urn)
            self._reached.add(_key(urn))
            step.errors.append(text)
            if step not in self._errors:
                self._errors.append(step)
        elif text:
            self._errors.append(text)

    def _note(self, text: str) -> None:
        if text not in self._notes:
            self._notes.add(text)
            self.view.note(text)

    def _declare(self, key: Key) -> None:
        if key.kind == SERVICE:
            self._services.add(key.name)
        if is_step(key.kind):
            self._declared.setdefault(key)

    def _step(self, urn: str, does: str, why: Sequence[str] = ()) -> Step:
        key = _key(urn)
        name = title(key.name, self._services)
        return Step(title=name, kind=key.kind, does=does, changes=list(why), begun=self.clock())


def _reason(code: int) -> str:
    """Why a run ended that has said nothing."""
    killed = f"the run was ended by {signal.Signals(-code).name}; `up` again goes on" if code < 0 else ""
    return killed or f"ended with {code}"


def _key(urn: str) -> Key:
    """Type and name at the end of a URN."""
    _, _, kinds, name = urn.rsplit("::", 3) if urn.count("::") >= 3 else ("", "", "", urn)
    return Key(kinds.rpartition("$")[2], name)


def _public(value: Any) -> Any:
    """The value with a mark in the place of what is secret, and of what only `up` will know."""
    if isinstance(value, Mapping):
        return "[secret]" if SECRET in value else {name: _public(inner) for name, inner in value.items()}
    if isinstance(value, str):
        return value.replace(UNKNOWN, "[unknown]")
    return [_public(inner) for inner in value] if isinstance(value, list) else value
