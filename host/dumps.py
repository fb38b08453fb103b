"""A service's dumps on the host: one that arrives, and the one of what was there before a restore."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path

PIECE = 1 << 20


@dataclass(frozen=True)
class Dumps:
    """The files of one service of a stack, found by their whole names: another service's may begin in the same way."""

    stack: str
    service: str

    @property
    def folder(self) -> Path:
        """Where the dumps of all services lie; nobody else may read them."""
        folder = Path.home() / ".sertantai" / self.stack
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @property
    def before(self) -> Path:
        """What was there before the last restore."""
        return self.folder / f"{self.service}-before.dump"

    def incoming(self, digest: str) -> Path:
        """The dump with this SHA-256, until it is in."""
        return self.folder / f"{self.service}-incoming-{digest}.dump"

    def remove_incoming(self, but: str = "") -> None:
        """Removes every dump that has arrived or has begun to, but the one with the digest `but`."""
        name = re.compile(rf"{re.escape(self.service)}-incoming-([0-9a-f]{{64}})\.dump")
        for file in self.folder.iterdir():
            if (found := name.fullmatch(file.name)) and found[1] != but:
                file.unlink(missing_ok=True)

    def is_whole(self, digest: str) -> bool:
        """Whether all of a dump has arrived, and nothing else."""
        try:
            with self.incoming(digest).open("rb") as file:
                found = hashlib.sha256()
                while piece := file.read(PIECE):
                    found.update(piece)
        except FileNotFoundError:
            return False
        return found.hexdigest() == digest


def create(file: Path) -> int:
    """A descriptor of a new file that nobody else may read; one that another process still writes to is left to it."""
    file.unlink(missing_ok=True)
    return os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
