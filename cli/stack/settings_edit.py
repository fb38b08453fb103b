"""New settings of a stack file, which can be taken back."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from ..refused import Refused
from . import stack_edit
from .stack_edit import Keys


@dataclass
class Edit:
    """Settings that are written into a stack file, and taken back without anybody else's changes."""

    file: Path
    settings: Mapping[Keys, Any]
    _before: bytes = field(default=b"", init=False)
    _written: bytes = field(default=b"", init=False)

    def write(self) -> None:
        """Writes the settings. Raises `Refused`."""
        self._before = self._written = self.file.read_bytes()
        for keys, value in self.settings.items():
            stack_edit.set_value(self.file, keys, value)
            self._written = self.file.read_bytes()

    def take_back(self) -> list[str]:
        """Takes the settings back, and returns those that stay since somebody has changed the file meanwhile."""
        if self.file.read_bytes() == self._written:
            if not self.is_undone:
                self.file.write_bytes(self._before)
            return []
        old = yaml.safe_load(self._before)
        return [
            "/".join(keys) for keys, value in self.settings.items() if not self._take_back(keys, value, _get(old, keys))
        ]

    @property
    def is_undone(self) -> bool:
        """Whether the file is as it was."""
        return self.file.read_bytes() == self._before

    def _take_back(self, keys: Keys, value: Any, old: Any) -> bool:
        try:
            if _get(yaml.safe_load(self.file.read_text()), keys) != value:
                return True  # it was not written yet, or somebody has written another value
            if old is None:
                return False
            stack_edit.set_value(self.file, keys, old)
        except (Refused, yaml.YAMLError):
            return False
        return True


def _get(document: Any, keys: Keys) -> Any:
    """Returns the value of a setting in the document of a stack file. None: there is none."""
    value: Any = (document or {}).get("config") or {}
    for key in stack_edit.in_file(keys):
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return value
