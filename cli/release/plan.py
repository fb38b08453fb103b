"""The plan of a run in the service's terms, from a preview: what is released, what is interrupted, what has drifted."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..refused import Refused
from ..show.changes import short_commit, short_image
from ..show.events import MADE_UP, hashed
from ..show.report import action
from ..show.run import Run
from ..show.steps import Step, owner
from ..stack import services

FORMAT = 2
INTERRUPTED = {
    "nginx": "all sites, for up to 10 s",
    "postgres": "all services with a database, for up to 15 s",
    "redis": "all services with Redis, for up to 2 s",
}
"""What the replacement of a shared container interrupts. The figures are from the local stack on a busy machine."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """A part that gets a new container, and its images. Empty: there is none, or it is not known yet."""

    part: str
    before: str
    after: str
    commit_before: str = ""
    commit_after: str = ""

    def __str__(self) -> str:
        old, new = (_image(*pair) for pair in ((self.before, self.commit_before), (self.after, self.commit_after)))
        if not self.before:
            return f"{new}, for the first time"
        return f"{old} -> {new}" if self.before != self.after else f"{new}, the same image in a new container"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run would do."""

    stack: str
    service: str
    commit: str
    made: str
    digests: Mapping[str, str]
    """The image of each part, by service/part."""
    releases: list[Release] = field(default_factory=list)
    interruptions: list[str] = field(default_factory=list)
    drift: Mapping[str, list[str]] = field(default_factory=dict)
    changes: list[str] = field(default_factory=list)
    """Each change as one line: the step, what would be done, and why."""
    inputs: Mapping[str, str] = field(default_factory=dict)
    """The fingerprint of each change's values, by step and action. The engine hides those of a secret, and the whole
    environment that has one, so it is no proof."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """The fingerprint of each changed service's block in the stack file."""

    def lines(self) -> Iterator[str]:
        """Yields the plan for a person."""
        yield from _table("drift: changed on the host since the last up", _joined(self.drift))
        yield from _table("releases", {each.part: str(each) for each in self.releases})
        yield from _table("interrupts", dict(each.split(": ", 1) for each in self.interruptions))
        if self.changes:
            yield "changes"
            yield from (f"  {line}" for line in self.changes)
        else:
            yield f"{self.service or self.stack}: nothing to change"

    def save(self, file: Path) -> None:
        """Writes it to a file. Raises `Refused`."""
        try:
            file.write_text(json.dumps({"format": FORMAT, **asdict(self)}, indent=2) + "\n")
        except OSError as error:
            raise Refused(f"--save: {file}: {error.strerror}") from None


def from_run(run: Run, stack: str, service: str, commit: str) -> Plan:
    """Returns the plan that a preview shows."""
    containers = [step for step in run.steps if _is_new_container(step)]
    return Plan(
        stack=stack,
        service=service,
        commit=commit,
        made=datetime.now(UTC).isoformat(timespec="seconds"),
        digests={f"{name}/{part}": new for (name, part), (_, new) in sorted(run.images.items()) if part and new},
        releases=[
            Release(part=step.title, before=pair[0], after=pair[1])
            for step in containers
            if (pair := run.images.get(_key(step.title)))
        ],
        interruptions=[
            f"{step.title}: {INTERRUPTED[step.title]}"
            for step in containers
            if step.title in INTERRUPTED and any(other.title == step.title and other is not step for other in run.steps)
        ],
        drift=dict(run.drift),
        changes=list(dict.fromkeys(f"{step.title}  {action(step)}" for step in run.steps if not step.failed)),
        inputs=_inputs(run),
        settings={
            f"services/{name}": hashed(block)
            for name, block in services.stack_file(stack).block("services").items()
            if any(owner(step.title) == name for step in run.steps)
        },
    )


def read(file: Path) -> Plan:
    """Reads a saved plan. Raises `Refused`."""
    try:
        saved: dict[str, Any] = json.loads(file.read_text())
        if saved.pop("format") != FORMAT:
            raise Refused(f"--plan: {file}: another version of sertantai has saved it: make it again by plan --save")
        return Plan(**{**saved, "releases": [Release(**each) for each in saved["releases"]]})
    except OSError as error:
        raise Refused(f"--plan: {file}: {error.strerror}") from None
    except (ValueError, TypeError, LookupError, AttributeError):
        raise Refused(f"--plan: {file}: is no plan that `plan --save` has written") from None


def differences(saved: Plan, now: Plan) -> list[str]:
    """Returns what has changed since a plan was saved, a line each. Its commit is not compared: a merge has another."""
    moved = [
        f"image {part}: {short_image(saved.digests.get(part, '')) or 'none'} -> {short_image(digest) or 'none'}"
        for part in sorted({*saved.digests, *now.digests})
        if (digest := now.digests.get(part, "")) != saved.digests.get(part, "")
    ]
    planned = {each.part: each.before for each in saved.releases}
    runs = [
        f"runs by now: {each.part}: {_image(each.before, '')}, and the plan is from {_image(planned[each.part], '')}"
        for each in now.releases
        if planned.get(each.part, each.before) != each.before
    ]
    old, new = (dict(zip(map(_named, each.changes), each.changes, strict=True)) for each in (saved, now))
    more = [line for name, line in new.items() if name not in old]
    less = [line for name, line in old.items() if name not in new]
    told = {_title(line) for line in [*more, *less]}
    pairs = [(saved.inputs, now.inputs), (saved.settings, now.settings)]
    values = [
        f"other values: {name}"
        for before, after in pairs
        for name, fingerprint in after.items()
        if before.get(name, fingerprint) != fingerprint and _title(name) not in told
    ]
    added = [f"not in the plan: {line}" for line in more]
    removed = [f"no longer: {line}" for line in less]
    return [*moved, *runs, *added, *removed, *values]


def _inputs(run: Run) -> dict[str, str]:
    inputs: dict[str, list[str]] = {}
    for step in run.steps:
        inputs.setdefault(f"{step.title}  {step.action}", []).append(step.inputs)
    return {change: " ".join(sorted(each)) for change, each in inputs.items()}


def _title(change: str) -> str:
    return change.partition("  ")[0]


def _named(line: str) -> str:
    """Returns a change without the ends of containers' names: each preview makes up others."""
    return MADE_UP.sub("*", line)


def _is_new_container(step: Step) -> bool:
    return step.kind.endswith(":Container") and step.action == "new"


def _key(title: str) -> tuple[str, str]:
    return owner(title), title.partition("/")[2]


def _image(image: str, commit: str) -> str:
    return (short_image(image) or "not known yet") + (f" (commit {short_commit(commit)})" if commit else "")


def _joined(rows: Mapping[str, list[str]]) -> dict[str, str]:
    return {name: ", ".join(texts) for name, texts in rows.items()}


def _table(title: str, rows: Mapping[str, str]) -> Iterator[str]:
    if rows:
        yield title
        width = max(map(len, rows))
        yield from (f"  {name:{width}}  {text}" for name, text in rows.items())
