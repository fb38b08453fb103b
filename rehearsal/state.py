"""A stack: its configuration, what its program declares, and what of it has been made, written after every step."""

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

import yaml

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
        return f"{self.type.partition(':')[0]}:{self.kind} {self.name}"

    @property
    def needs(self) -> list[str]:
        """The URNs of what must outlive it."""
        return [*self.dependencies, self.parent, self.options.get("provider", "")]


class Stack:
    """A stack's configuration as the Pulumi CLI gives it to the program; `folder` is the rehearsal's own."""

    def __init__(self, name: str, file: Path | str | None = None) -> None:
        try:
            self.project = yaml.safe_load(Path("Pulumi.yaml").read_text())["name"]
            values = yaml.safe_load(Path(file or f"Pulumi.{name}.yaml").read_text())["config"]
        except (OSError, yaml.YAMLError) as error:
            raise Trouble(f"the configuration of {name} cannot be read: {error}") from None
        encrypted = {key: each["secure"] for key, each in values.items() if isinstance(each, dict) and "secure" in each}
        self.name, self.folder, self.secrets = name, Path(".rehearsal", name), [*encrypted]
        self.values: dict[str, Any] = values | encrypted
        self.local = self.setting("host").get("kind") == "local"
        if self.local and encrypted:
            raise Trouble(f"{', '.join(encrypted)}: encrypted, and the rehearsal has no key")

    def setting(self, key: str) -> Any:
        """One of the project's own values, an empty object where there is none."""
        return self.values.get(f"{self.project}:{key}", {})


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
            fresh.touch(mode=0o600)
            everything = {"made": [*self.made.values()], "replaced": self.replaced}
            fresh.write_text(
                json.dumps(everything, default=lambda e: {MARK: e.value} if type(e) is Secret else vars(e))
            )
            fresh.replace(self._file)

    def backwards(self, urns: Iterable[str]) -> list[Resource]:
        """These resources, each before all that it needs."""
        order = TopologicalSorter({urn: resource.needs for urn, resource in self.made.items()}).static_order()
        wanted = set(urns)
        return [self.made[urn] for urn in reversed([*order]) if urn in wanted]


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
        file.write(f"pid {os.getpid()}: {' '.join(sys.argv)}")
        file.flush()
        yield
