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

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.hostname} since {self.since[:19].replace('T', ' ')} UTC"

    def here(self) -> bool:
        """Whether its owner runs, or ran, on this very host."""
        return self.hostname == socket.gethostname()

    def dead(self) -> bool:
        """Whether its owner is certainly gone: a process of this very host that no longer exists."""
        if not self.here():
            return False
        try:
            os.kill(self.pid, 0)
            process = Path("/proc", str(self.pid))
            # Dead, but its parent has not asked how it ended.
            if process.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            # The number may have been given to another program since; one that only begins has no command line yet.
            command = process.joinpath("cmdline").read_bytes()
            return bool(command) and b"pulumi" not in command
        except ProcessLookupError:
            return True
        except OSError:
            return False

    def advice(self) -> str:
        """What the operator can do about a lock whose owner is not certainly dead."""
        if self.here():
            return f"wait for its end, or interrupt it (`kill -INT {self.pid}`), and run this again"
        return f"if nothing runs there any more, remove {self.file} and run this again"


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
