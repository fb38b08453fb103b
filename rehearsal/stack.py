"""Reads a stack's configuration as the Pulumi CLI does."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .errors import Trouble


@dataclass(frozen=True, kw_only=True)
class Stack:
    """A stack's name, its project's, and the values of its file as the program gets them."""

    name: str
    project: str
    values: dict[str, Any]
    secrets: list[str]

    @property
    def config(self) -> dict[str, str]:
        """Every value as text, an object as JSON."""
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in self.values.items()}

    @property
    def folder(self) -> Path:
        """Where the rehearsal keeps what it knows of the stack."""
        return Path(".rehearsal", self.name)

    @property
    def local(self) -> bool:
        """Whether it is on this machine's Docker."""
        return bool(self.setting("host").get("kind") == "local")

    def setting(self, key: str) -> Any:
        """One of the project's own values, an empty object where there is none."""
        return self.values.get(f"{self.project}:{key}", {})


def read(name: str, file: Path) -> Stack:
    """The stack; an encrypted value, which a local one may not have, stays as it is and is marked a secret."""
    try:
        project = yaml.safe_load(Path("Pulumi.yaml").read_text())["name"]
        config = (yaml.safe_load(file.read_text()) or {}).get("config") or {}
    except (OSError, yaml.YAMLError) as error:
        raise Trouble(f"the configuration of {name} cannot be read: {error}") from None
    values = {key if ":" in key else f"{project}:{key}": value for key, value in config.items()}
    encrypted = {key: value["secure"] for key, value in values.items() if isinstance(value, dict) and "secure" in value}
    stack = Stack(name=name, project=project, values=values | encrypted, secrets=list(encrypted))
    if stack.local and encrypted:
        raise Trouble("\n".join(f"{key}: is encrypted, and the rehearsal has no key" for key in encrypted))
    return stack
