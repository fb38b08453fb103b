"""The lock of a state in a folder: whose it is, and cleared only when its owner is certainly dead."""

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A lock file of the engine's: the process that made it, on which host, and since when."""

    file: Path
    pid: int
    hostname: str
    since: str

    def dead(self) -> bool:
        """Whether its owner is certainly gone: a process of this very host that no longer exists."""
        if self.hostname != socket.gethostname():
            return False
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return True
        except PermissionError:
            return False
        # The number may have been given to another program since.
        return b"pulumi" not in Path(f"/proc/{self.pid}/cmdline").read_bytes()


def locks(state: Path, stack: str) -> list[Lock]:
    """The locks on `stack` in the state folder `state`."""
    found = []
    for file in sorted((state / ".pulumi" / "locks").glob(f"organization/*/{stack}/*.json")):
        read = json.loads(file.read_text())
        found.append(Lock(file=file, pid=read["pid"], hostname=read["hostname"], since=read["timestamp"]))
    return found


def clear_dead_lock(state: Path, stack: str) -> list[Lock]:
    """Removes the locks whose owner is certainly dead; returns them."""
    dead = [lock for lock in locks(state, stack) if lock.dead()]
    for lock in dead:
        lock.file.unlink(missing_ok=True)
    return dead
