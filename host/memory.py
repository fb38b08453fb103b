"""What a program remembers between two turns, also while the disk is full."""

import json
import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident
from typing import Any


@dataclass(frozen=True)
class Memory:
    """JSON files in a folder. `spare` is a folder in the container's memory, which is used while the disk is full."""

    folder: Path
    spare: Path

    def read(self, name: str) -> dict[str, Any]:
        """Reads a file. A missing or broken one is empty: nothing in it cannot be found out again."""
        for folder in (self.spare, self.folder):
            with suppress(OSError, ValueError):
                values: dict[str, Any] = json.loads((folder / name).read_text())
                return values if isinstance(values, dict) else {}
        return {}

    def write(self, name: str, values: dict[str, Any]) -> None:
        """Writes a file, whole or not at all. Raises an `OSError` if memory takes nothing either."""
        text = json.dumps(values, indent=1, sort_keys=True)
        try:
            _replace(self.folder / name, text)
            (self.spare / name).unlink(missing_ok=True)
        except OSError:
            self.spare.mkdir(exist_ok=True)
            _replace(self.spare / name, text)


def _replace(file: Path, text: str) -> None:
    aside = file.with_name(f"{file.name}.{os.getpid()}-{get_ident()}.new")
    try:
        aside.write_text(text)
        os.replace(aside, file)
    finally:
        aside.unlink(missing_ok=True)
