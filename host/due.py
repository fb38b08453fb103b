"""Files of the server, and what must still take a changed one over."""

import os
import shutil
from pathlib import Path

from . import system

FOLDER = Path("/run/sertantai")


class Due:
    """What must still read a new file. Noted before the file is there, so an interrupted run is completed later."""

    def __init__(self) -> None:
        FOLDER.mkdir(parents=True, exist_ok=True)

    def has(self, name: str) -> bool:
        """Whether `name` must still read its new file."""
        return (FOLDER / name).exists()

    def note(self, name: str, path: Path) -> None:
        """Notes it, and keeps the file that `name` uses now."""
        if path.exists() and not self.has(name):
            shutil.copy2(path, self._previous(name))
        (FOLDER / name).touch()

    def done(self, name: str) -> None:
        """`name` has read it."""
        for file in (FOLDER / name, self._previous(name)):
            file.unlink(missing_ok=True)

    def take_back(self, name: str, path: Path) -> None:
        """Puts the previous file back, or removes the new one if there was none."""
        previous = self._previous(name)
        if previous.exists():
            system.write(path, previous.read_text())
        else:
            path.unlink(missing_ok=True)
        self.done(name)

    def _previous(self, name: str) -> Path:
        return FOLDER / f"{name}.before"


def put(path: Path, content: str, then: str, due: Due) -> None:
    """Makes `content` the file at `path`, if it differs; `then` is what must take it over."""
    if path.exists():
        state = path.stat()
        if path.read_bytes() == content.encode() and (state.st_mode & 0o7777, state.st_uid) == (0o644, os.geteuid()):
            return
    path.parent.mkdir(parents=True, exist_ok=True)
    if then:
        due.note(then, path)
    system.write(path, content)
    print(f"host: changed {path}")
