"""The Pulumi CLI: where it is, how it is got, and how it is called for a stack."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from .lock import clear_dead_lock, locks
from .output import shown

ROOT = Path(__file__).parents[1]
INSTALLER = "curl -fsSL --connect-timeout 5 https://get.pulumi.com | sh"
INSTALLED = Path.home() / ".pulumi" / "bin" / "pulumi"
# The local stack needs no account and holds no real secret: its state is a folder, its passphrase is known.
LOCAL_STATE = ROOT / ".pulumi-state"
LOCAL_PASSPHRASE = "local"  # noqa: S105


console = Console(stderr=True, highlight=False)


def found() -> str | None:
    """Path of the Pulumi CLI, or None where there is none."""
    return shutil.which("pulumi") or (str(INSTALLED) if INSTALLED.exists() else None)


def got() -> str | None:
    """The same, after an attempt to install it with Pulumi's own installer."""
    if not found():
        subprocess.run(["sh", "-c", INSTALLER], stdin=subprocess.DEVNULL, capture_output=True, timeout=300)
    return found()


def environment(stack: str) -> dict[str, str]:
    """The environment of the CLI: the local stack has its own state and passphrase, the others the operator's."""
    extra = {"PULUMI_SKIP_UPDATE_CHECK": "true", "PULUMI_ERROR_OUTPUT_STRING": "true"}
    if stack == "local":
        LOCAL_STATE.mkdir(exist_ok=True, mode=0o700)
        extra |= {"PULUMI_BACKEND_URL": LOCAL_STATE.as_uri(), "PULUMI_CONFIG_PASSPHRASE": LOCAL_PASSPHRASE}
    return os.environ | extra


def pulumi(cli: str, stack: str, *words: str) -> int:
    """Runs the CLI on a stack, in the project's folder; its exit code."""
    if stack == "local" and not (LOCAL_STATE / f".pulumi/stacks/sertantai/{stack}.json").exists():
        _call(cli, stack, "stack", "init", stack, quiet=True)
    # A preview takes no lock, and heeds none.
    if stack == "local" and words[0] != "preview" and not _is_free(cli, stack):
        return 1
    return _call(cli, stack, *words, "--stack", stack)


def _is_free(cli: str, stack: str) -> bool:
    """Whether nobody else is at work on the stack. What a run that was killed left in the way is cleared."""
    if over := clear_dead_lock(LOCAL_STATE, stack):
        console.print(f"A run that was killed had locked the stack {stack} ({over[0]}): its lock is cleared.")
        # Else every later run would warn of the steps that it was killed in. What those made, the next `up` finds.
        _call(cli, stack, "refresh", "--clear-pending-creates", "--yes", "--skip-preview", "--stack", stack, quiet=True)
    held = locks(LOCAL_STATE, stack)
    for lock in held:
        console.print(f"Another run is at work on the stack {stack}: {lock}: {lock.advice()}.", soft_wrap=True)
    return not held


def _call(cli: str, stack: str, *words: str, quiet: bool = False) -> int:
    # Ctrl-C reaches the CLI as well, which then ends in order and says so.
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        command = [cli, *words, *(["--color", "always"] if sys.stdout.isatty() else [])]
        said = subprocess.Popen(command, cwd=ROOT, env=environment(stack), stdout=subprocess.PIPE, text=True)
        for line in said.stdout or ():
            if not quiet and (text := shown(line)) is not None:
                sys.stdout.write(text)
                sys.stdout.flush()
        return said.wait()
    finally:
        signal.signal(signal.SIGINT, before)
