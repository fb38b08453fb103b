"""A stack file as it stands, unchecked: for the program, the command, the local stack and the rehearsal alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from .mistakes import Mistakes

PROJECT = "sertantai"


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """A stack's configuration by its full keys, as the Pulumi CLI gives it to the program.

    The values of the keys in `encrypted` are still encrypted where the file was read without a Pulumi run.
    """

    name: str
    values: Mapping[str, Any]
    encrypted: tuple[str, ...] = ()

    @classmethod
    def read(cls, name: str, file: Path | None = None) -> "StackFile":
        """The stack file of this name in the working directory, or another file. Raises `Mistakes`."""
        path = file or Path(f"Pulumi.{name}.yaml")
        try:
            document = yaml.safe_load(path.read_text())
        except OSError as error:
            raise Mistakes([f"{path}: cannot be read: {error.strerror}"]) from None
        except (yaml.YAMLError, UnicodeDecodeError) as error:
            # Without the line itself, which may contain a secret.
            mark = getattr(error, "problem_mark", None)
            raise Mistakes([f"{path}: is not YAML{f': see line {mark.line + 1}' if mark else ''}"]) from None
        config = document.get("config") if isinstance(document, dict) else None
        if not isinstance(config, dict):
            raise Mistakes([f"{path}: config is missing: put the stack's settings under it"])
        values = {str(key): value for key, value in config.items()}
        secure = {
            key: value["secure"] for key, value in values.items() if isinstance(value, dict) and "secure" in value
        }
        return cls(name=name, values=values | secure, encrypted=tuple(secure))

    def own(self) -> dict[str, Any]:
        """The project's own values, without the project's name before their keys."""
        return {name: value for key, value in self.values.items() if (name := _own(key))}

    def own_encrypted(self) -> set[str]:
        """The keys of those of them that are encrypted."""
        return {name for key in self.encrypted if (name := _own(key))}

    def setting(self, name: str) -> Any:
        """One of the project's own values, an empty block where there is none."""
        return self.values.get(f"{PROJECT}:{name}", {})

    def block(self, name: str) -> dict[str, Any]:
        """The same; also empty where it is no block."""
        value = self.setting(name)
        return value if isinstance(value, dict) else {}

    @property
    def is_local(self) -> bool:
        """Whether the platform is on this machine's Docker."""
        return self.block("host").get("kind") == "local"


def readable(folder: Path) -> list[StackFile]:
    """All stack files of a project that can be read."""
    files = []
    for path in sorted(folder.glob("Pulumi.*.yaml")):
        try:
            files.append(StackFile.read(path.name.split(".")[1], path))
        except Mistakes:
            continue
    return files


def _own(key: str) -> str:
    """The key's name where it is one of the project's."""
    project, _, name = key.partition(":")
    return name if project == PROJECT else ""
