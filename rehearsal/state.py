"""The declared resources, and the state of existing ones: a file in the stack's folder, written after every step."""

import fcntl
import json
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from local.errors import Trouble
from settings import StackFile

MARK = "[secret]"


@dataclass(frozen=True)
class Secret:
    """Marks an input or output that contains a secret."""

    value: Any

    def __repr__(self) -> str:
        return MARK


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A declared resource, with id and outputs once it exists. `options` are those that are set, by the SDK's names."""

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
        """The last part of its type."""
        return self.type.rpartition(":")[2]

    @property
    def title(self) -> str:
        """Type and name, for the user."""
        return f"{self.type.partition(':')[0]}:{self.kind} {self.name}"

    @property
    def needs(self) -> list[str]:
        """The URNs of the resources that must outlive this one."""
        return [*self.dependencies, self.parent, self.options.get("provider", "")]


def folder(stack: StackFile) -> Path:
    """Returns the folder of a stack's state."""
    return Path(".rehearsal", stack.name)


class State:
    """A stack's existing resources by URN, and replaced resources that must still be deleted."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "state.json"
        self._lock = threading.Lock()
        text = self._file.read_text() if self._file.exists() else '{"made": [], "replaced": []}'
        saved = json.loads(text, object_hook=lambda block: Secret(block[MARK]) if MARK in block else block)
        self.resources = {resource["urn"]: Resource(**resource) for resource in saved["made"]}
        self.replaced = [Resource(**resource) for resource in saved["replaced"]]

    @contextmanager
    def saved(self) -> Iterator[None]:
        """Writes the file after the change in the block."""
        with self._lock:
            yield
            temporary = self._file.with_suffix(".new")
            temporary.touch(mode=0o600)
            content = {"made": [*self.resources.values()], "replaced": self.replaced}
            temporary.write_text(
                json.dumps(content, default=lambda o: {MARK: o.value} if type(o) is Secret else vars(o))
            )
            temporary.replace(self._file)

    def dependents_first(self, urns: Iterable[str]) -> list[Resource]:
        """Returns these resources, each before the resources that it needs."""
        order = TopologicalSorter({urn: resource.needs for urn, resource in self.resources.items()}).static_order()
        wanted = set(urns)
        return [self.resources[urn] for urn in reversed([*order]) if urn in wanted]


def plain(values: dict[str, Any]) -> dict[str, Any]:
    """Returns inputs or outputs without the marks of secrets."""
    return {key: value.value if isinstance(value, Secret) else value for key, value in values.items()}


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Allows one run at a time in a stack's folder. A second run fails and names the first."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (folder / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Trouble(f"another run is at work on this stack: {file.read()}") from None
        file.truncate(0)
        file.write(f"pid {os.getpid()}: {' '.join(sys.argv)}")
        file.flush()
        yield
