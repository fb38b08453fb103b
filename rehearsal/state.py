"""What a program declares and what of it the rehearsal has made: one JSON file a stack, written after every step."""

import fcntl
import json
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from .errors import Trouble

MARK = "[secret]"


@dataclass(frozen=True)
class Secret:
    """Marks an input or output that is secret or holds a secret."""

    value: Any

    def __repr__(self) -> str:
        return MARK


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A resource as declared (`options`: what was stated, under the SDK's names) and, once made, its id and outputs."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    dependencies: list[str]
    options: dict[str, Any]
    id: str = ""
    outputs: dict[str, Any] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The last word of its type."""
        return self.type.rpartition(":")[2]

    @property
    def title(self) -> str:
        """Type and name, as shown to the user."""
        return title(self.type, self.name)

    @property
    def needs(self) -> list[str]:
        """The URNs of what must outlive it."""
        return [*self.dependencies, self.parent, self.options.get("provider", "")]


class State:
    """A stack's resources as they were made, and the replaced ones whose deletion is still due."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state.json"
        self._lock = threading.Lock()
        text = self._file.read_text() if self._file.exists() else '{"made": [], "replaced": []}'
        saved = json.loads(text, object_hook=lambda found: Secret(found[MARK]) if MARK in found else found)
        self.made = {each["urn"]: Resource(**each) for each in saved["made"]}
        self.replaced = [Resource(**each) for each in saved["replaced"]]

    @contextmanager
    def saved(self) -> Iterator[None]:
        """Writes the file after the change inside."""
        with self._lock:
            yield
            fresh = self._file.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            with open(os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
                json.dump({"made": [*self.made.values()], "replaced": self.replaced}, file, default=_fields)
            fresh.replace(self._file)

    def has(self, id_: str) -> bool:
        """Whether one of the resources is this object."""
        return any(each.id == id_ for each in [*self.made.values()])

    def backwards(self, urns: Iterable[str]) -> list[Resource]:
        """These resources, each before all that it needs."""
        order = TopologicalSorter({urn: resource.needs for urn, resource in self.made.items()}).static_order()
        wanted = set(urns)
        return [self.made[urn] for urn in reversed([*order]) if urn in wanted]


def _fields(value: Resource | Secret) -> dict[str, Any]:
    return {MARK: value.value} if isinstance(value, Secret) else vars(value)


def title(type_: str, name: str) -> str:
    """A resource as the user is shown it."""
    return f"{type_.partition(':')[0]}:{type_.rpartition(':')[2]} {name}"


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Inputs or outputs without the marks of secrecy."""
    return {key: value.value if isinstance(value, Secret) else value for key, value in values.items()}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One run at a time in a stack's folder; a second one is told who holds it."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Trouble(f"another run is at work on this stack: {file.read()}") from None
        file.truncate(0)
        file.write(f"pid {os.getpid()} since {datetime.now():%F %T}: {' '.join(sys.argv)}")
        file.flush()
        yield
