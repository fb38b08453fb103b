"""A stack file as it is written, not validated. The program, the command, the local stack and the rehearsal use it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .mistakes import Mistakes

PROJECT = "sertantai"


class _KeyTwice(yaml.MarkedYAMLError):
    """A block has the same key twice."""


class _Loader(yaml.SafeLoader):
    """Refuses a key that is written twice in a block, as the engine does. PyYAML would keep the last one."""

    def compose_mapping_node(self, anchor: Any) -> yaml.MappingNode:
        node = super().compose_mapping_node(anchor)
        keys = set()
        for key, _ in node.value:
            if key.value in keys:
                raise _KeyTwice(problem_mark=key.start_mark)
            keys |= {key.value} if isinstance(key, yaml.ScalarNode) else set()
        return node


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """A stack's configuration by its full keys, as the Pulumi CLI passes it to the program.

    Outside a Pulumi run, the values of the keys in `encrypted` are ciphertext.
    """

    name: str
    values: Mapping[str, Any]
    encrypted: tuple[str, ...] = ()

    @classmethod
    def read(cls, name: str, file: Path | None = None) -> "StackFile":
        """Reads the stack's file in the working directory, or `file`. Raises `Mistakes`."""
        path = file or Path(f"Pulumi.{name}.yaml")
        try:
            document = yaml.load(path.read_text(), _Loader)  # noqa: S506 - a SafeLoader
        except OSError as error:
            raise Mistakes([f"{path}: cannot be read: {error.strerror}"]) from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            # The line itself is not shown: it may contain a secret.
            mark = getattr(error, "problem_mark", None)
            problem = "has a key twice in one block" if isinstance(error, _KeyTwice) else "is not YAML"
            raise Mistakes([f"{path}: {problem}{f': see line {mark.line + 1}' if mark else ''}"]) from None
        config = document.get("config") if isinstance(document, dict) else None
        if not isinstance(config, dict):
            raise Mistakes([f"{path}: config is missing: put the stack's settings under it"])
        values = {str(key): value for key, value in config.items()}
        secure = {
            key: value["secure"] for key, value in values.items() if isinstance(value, dict) and "secure" in value
        }
        return cls(name=name, values=values | secure, encrypted=tuple(secure))

    def project_values(self) -> dict[str, Any]:
        """Returns the values of this project's keys, without the project's name in the keys."""
        return {name: value for key, value in self.values.items() if (name := _name_in_project(key))}

    def project_secrets(self) -> set[str]:
        """Returns this project's encrypted keys, without the project's name."""
        return {name for key in self.encrypted if (name := _name_in_project(key))}

    def setting(self, name: str) -> Any:
        """Returns the value of one of this project's keys, or an empty block."""
        return self.values.get(f"{PROJECT}:{name}", {})

    def block(self, name: str) -> dict[str, Any]:
        """Returns the block under one of this project's keys, empty if it is missing or not a block."""
        value = self.setting(name)
        return value if isinstance(value, dict) else {}

    @property
    def is_local(self) -> bool:
        """Whether the platform runs on this machine's Docker."""
        return self.block("host").get("kind") == "local"


def read_all(folder: Path) -> list[StackFile]:
    """Returns the stack files in a folder, without those that cannot be read."""
    files = []
    for path in sorted(folder.glob("Pulumi.*.yaml")):
        try:
            files.append(StackFile.read(path.name.split(".")[1], path))
        except Mistakes:
            continue
    return files


def _name_in_project(key: str) -> str:
    """Returns a key of this project without the project's name, and an empty text for any other key."""
    project, _, name = key.partition(":")
    return name if project == PROJECT else ""
