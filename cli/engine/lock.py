"""The lock of a state in a folder. It is cleared only if its owner is certainly dead."""

import json
import os
import socket
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Lock:
    """A lock file of the engine: the process that created it, its host, and the time."""

    file: Path
    pid: int
    hostname: str
    since: str
    username: str = ""

    @property
    def owner(self) -> str:
        """Who has it, such as operator@laptop."""
        return f"{self.username}@{self.hostname}" if self.username else self.hostname

    def __str__(self) -> str:
        return f"pid {self.pid} on {self.hostname} since {self.since[:19].replace('T', ' ')} UTC"

    def is_local(self) -> bool:
        """Whether its owner runs, or ran, on this host."""
        return self.hostname == socket.gethostname()

    def is_dead(self) -> bool:
        """Whether its owner is certainly gone: a process of this host that no longer exists."""
        if not self.is_local():
            return False
        try:
            os.kill(self.pid, 0)
            process = Path("/proc", str(self.pid))
            # A zombie: it has ended, but its parent has not read its exit code.
            if process.joinpath("stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
            # Another program may have the pid by now. A process that is just starting has no command line yet.
            command = process.joinpath("cmdline").read_bytes()
            return bool(command) and b"pulumi" not in command
        except ProcessLookupError:
            return True
        except OSError:
            return False

    def advice(self) -> str:
        """Returns what the operator can do about a lock whose owner may be alive."""
        if self.is_local():
            return f"wait for its end, or interrupt it (`kill -INT {self.pid}`), and run this again"
        return f"if nothing runs there any more, remove {self.file} and run this again"


def find_locks(state: Path, stack: str) -> list[Lock]:
    """Returns the locks on `stack` in the state folder `state`."""
    locks = []
    for file in sorted((state / ".pulumi" / "locks").glob(f"organization/sertantai/{stack}/*.json")):
        try:
            content = json.loads(file.read_text())
        except FileNotFoundError:  # that run has just ended
            continue
        values = {"pid": content["pid"], "hostname": content["hostname"], "since": content["timestamp"]}
        locks.append(Lock(file=file, username=str(content.get("username", "")), **values))
    return locks


def clear_dead_locks(state: Path, stack: str) -> list[Lock]:
    """Removes the locks whose owner is certainly dead, and returns them."""
    dead = [lock for lock in find_locks(state, stack) if lock.is_dead()]
    for lock in dead:
        lock.file.unlink(missing_ok=True)
    return dead
