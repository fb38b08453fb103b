"""Removes what a killed run has left: its lock, and operations that the state takes for unfinished."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import typer

from ..engine import engine, state
from ..engine.engine import ROOT, console
from ..engine.lock import Lock, clear_dead_locks, find_locks
from ..engine.pinned import find_or_install
from ..refused import Refused
from ..show.views import write
from ..stack.services import stack_file

# A target that no stack has: the engine takes the lock, and then does nothing.
NOTHING = "**::sertantai-takes-the-lock-and-nothing-else"
LOCKED = re.compile(r"created by (?P<owner>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")
BUSY = re.compile(r"Another update is currently in progress|\[409\]")


@dataclass(frozen=True)
class Held:
    """A lock of a backend that has no folder here. `owner` is user@host, or empty."""

    owner: str
    text: str


def run(stack: str, *, yes: bool) -> int:
    """Removes stale locks, then pending operations. Returns the exit code. Raises `Refused`."""
    stack_file(stack)
    if not (cli := find_or_install()):
        raise Refused("pulumi: there is no CLI here, and so no lock of it: the rehearsal removes its own")
    if stack == "local" and not engine.has_local_state(stack):
        raise Refused("local: has no state here: nothing is locked")
    if folder := folder_of(stack):
        _clear_files(folder, stack)
    else:
        _clear_elsewhere(cli, stack)
    _clear_pending(cli, stack, yes=yes)
    return 0


def folder_of(stack: str) -> Path | None:
    """Returns the folder of the stack's state, if its backend is a folder on this machine."""
    url = engine.environment(stack).get("PULUMI_BACKEND_URL", "")
    return Path(url.removeprefix("file://")).expanduser() if url.startswith("file://") else None


def _clear_files(folder: Path, stack: str) -> None:
    dead = clear_dead_locks(folder, stack)
    for lock in dead:
        console.print(f"The lock of {lock} is removed: that process is gone.", soft_wrap=True)
    held = find_locks(folder, stack)
    for lock in held:
        _clear_file(lock)
    if not dead and not held:
        write(f"No lock on {stack}.")


def _clear_file(lock: Lock) -> None:
    if lock.is_local():
        raise Refused(f"The stack is locked by {lock}, which runs: {lock.advice()}")
    _confirm(lock.owner, f"{lock.owner}: {lock}")
    lock.file.unlink(missing_ok=True)
    console.print("The lock is removed.")


def _clear_elsewhere(cli: str, stack: str) -> None:
    """Removes the lock of a bucket or of Pulumi Cloud. Only they know whether somebody has it."""
    held = _ask_backend(cli, stack)
    if not held:
        write(f"No lock on {stack}.")
        return
    _confirm(held.owner or stack, held.text)
    # The question may have stood for long, and `cancel` removes whichever lock there is.
    if (now := _ask_backend(cli, stack)) != held:
        raise Refused(f"Nothing was changed: meanwhile the stack is {f'locked by {now.text}' if now else 'not locked'}")
    state.call(cli, stack, "cancel", "--yes", failed="the lock cannot be removed")
    console.print("The lock is removed.")


def _ask_backend(cli: str, stack: str) -> Held | None:
    """Returns who has the lock, by taking it for a moment. Raises `Refused` if the backend does not answer."""
    command = [cli, "refresh", "--target", NOTHING, "--yes", "--skip-preview", "--non-interactive", "--stack", stack]
    result = subprocess.run(
        command, cwd=ROOT, env=engine.environment(stack), stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    text = result.stdout + result.stderr
    if match := LOCKED.search(text):
        since = match["since"][:19].replace("T", " ")
        return Held(match["owner"], f"{match['owner']}, pid {match['pid']}, since {since} UTC")
    if BUSY.search(text):
        return Held("", "somebody whom the backend does not name (its page of the stack does)")
    if result.returncode and NOTHING not in text:
        raise Refused(f"the backend of {stack} does not say whether it is locked: {result.stderr.strip()}")
    return None


def _confirm(word: str, who: str) -> None:
    """Asks for the owner's name. Raises `Refused` without it."""
    write(f"The stack is locked by {who}.")
    console.print("If that run is alive, two runs would change the platform at once. Ask its owner first.")
    if typer.prompt(f"Type {word} to remove the lock", err=True) != word:
        raise Refused("Nothing was changed.")


def _clear_pending(cli: str, stack: str, *, yes: bool) -> None:
    """Clears operations whose end is unknown. Every step is safe to run again, so the next `up` completes them."""
    pending = state.deployment(cli, stack).get("pending_operations") or []
    if not pending:
        write("No unfinished operation.")
        return
    for each in pending:
        name = each["resource"]["urn"].rpartition("::")[2]
        write(f"Unfinished: {name} ({each['type']})")
    if not yes:
        typer.confirm("Clear these? The next `up` does them again.", abort=True, err=True)
    words = ["refresh", "--clear-pending-creates", "--yes", "--skip-preview"]
    state.call(cli, stack, *words, failed="they cannot be cleared")
    console.print(f"They are cleared. Next: `make preview STACK={stack}` shows what is left to do.", soft_wrap=True)
