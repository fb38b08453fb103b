"""Files on the server, and the programs that must still reload a changed file."""

import os
import shutil
from pathlib import Path

from . import system

FOLDER = Path("/run/sertantai")


class PendingReloads:
    """The programs that must reload a file. The record comes before the change, so the next run completes this one."""

    def __init__(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)

    def is_pending(self, name: str) -> bool:
        """Whether `name` must still reload its file."""
        return (FOLDER / name).exists()

    def add(self, name: str, path: Path) -> None:
        """Records that `name` must reload `path`, and keeps a copy of the current file."""
        if path.exists() and not self.is_pending(name):
            shutil.copy2(path, self._previous(name))
        (FOLDER / name).touch()

    def clear(self, name: str) -> None:
        """Removes the record: `name` has reloaded its file."""
        for file in (FOLDER / name, self._previous(name)):
            file.unlink(missing_ok=True)

    def revert(self, name: str, path: Path) -> None:
        """Restores the previous file, or removes the new one if there was none."""
        previous = self._previous(name)
        if previous.exists():
            system.write(path, previous.read_text())
        else:
            path.unlink(missing_ok=True)
        self.clear(name)

    def _previous(self, name: str) -> Path:
        return FOLDER / f"{name}.before"


def write_file(path: Path, content: str, then: str, reloads: PendingReloads) -> None:
    """Writes `content` to `path`, if it differs, and records that `then` must reload it."""
    if path.exists():
        state = path.stat()
        if path.read_bytes() == content.encode() and (state.st_mode & 0o7777, state.st_uid) == (0o644, os.geteuid()):
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    if then:
        reloads.add(then, path)
    system.write(path, content)
    print(f"host: changed {path}")
