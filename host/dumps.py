"""A service's dumps on the host: the one to restore, and the one of the previous rows."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

from .stack_folder import stack_folder

PIECE = 1 << 20


@dataclass(frozen=True)
class Dumps:
    """The dump files of one service. Whole names are compared: another service's name may begin in the same way."""

    stack: str
    service: str

    @property
    def folder(self) -> Path:
        """The folder of all services' dumps, which no other user can read."""
        return stack_folder(self.stack)

    @property
    def previous(self) -> Path:
        """The dump of the rows before the last restore."""
        return self.folder / f"{self.service}-before.dump"

    def incoming(self, digest: str) -> Path:
        """Returns the file of the dump with this SHA-256."""
        return self.folder / f"{self.service}-incoming-{digest}.dump"

    def remove_incoming(self, keep: str = "") -> None:
        """Removes all complete and incomplete dumps to restore, except the one with the digest `keep`."""
        name = re.compile(rf"{re.escape(self.service)}-incoming-([0-9a-f]{{64}})\.dump")
        for file in self.folder.iterdir():
            if (match := name.fullmatch(file.name)) and match[1] != keep:
                file.unlink(missing_ok=True)

    def is_whole(self, digest: str) -> bool:
        """Whether exactly the bytes of the dump have arrived."""
        try:
            with self.incoming(digest).open("rb") as file:
                received = hashlib.sha256()
                while piece := file.read(PIECE):
                    received.update(piece)
        except FileNotFoundError:
            return False
        return received.hexdigest() == digest


def create(file: Path) -> int:
    """Creates a private file and returns its descriptor. A process that writes to the old file does not disturb it."""
    file.unlink(missing_ok=True)
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
