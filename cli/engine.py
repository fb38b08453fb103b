"""The Pulumi CLI: how it is called for a stack, and watched. The rehearsal is watched in the same way."""

import json
import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rich.console import Console

from .lock import clear_dead_lock, locks
from .run import Run
from .views import view

ROOT = Path(__file__).parents[1]
# The local stack needs no account and holds no real secret: its state is a folder, its passphrase is known.
LOCAL_STATE = ROOT / ".pulumi-state"
LOCAL_PASSPHRASE = "local"  # noqa: S105

console = Console(stderr=True, highlight=False)


def environment(stack: str) -> dict[str, str]:
    """The environment of the CLI: the local stack has its own state and passphrase, the others the operator's."""
    extra = {
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_ERROR_OUTPUT_STRING": "true",
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
    }
    if stack == "local":
        LOCAL_STATE.mkdir(exist_ok=True, mode=0o700)
        extra |= {"PULUMI_BACKEND_URL": LOCAL_STATE.as_uri(), "PULUMI_CONFIG_PASSPHRASE": LOCAL_PASSPHRASE}
    return os.environ | extra


def pulumi(cli: str, stack: str, *words: str, as_json: bool = False) -> int:
    """Runs the CLI on a stack, in the project's folder, and shows what happens; its exit code."""
    if stack == "local" and not (LOCAL_STATE / f".pulumi/stacks/sertantai/{stack}.json").exists():
        quietly(cli, stack, "stack", "init", stack)
    # A preview takes no lock, and heeds none.
    if stack == "local" and words[0] != "preview" and not _is_free(cli, stack):
        return 1
    command = [cli, *words, "--stack", stack, "--json"]
    return watch(command, environment(stack), preview=words[0] == "preview", as_json=as_json)


def quietly(cli: str, stack: str, *words: str) -> None:
    """Runs a command of the CLI whose words nobody needs."""
    subprocess.run([cli, *words], cwd=ROOT, env=environment(stack), stdin=subprocess.DEVNULL, capture_output=True)


def watch(command: list[str], environment: Mapping[str, str], *, preview: bool, as_json: bool) -> int:
    """Runs a command that writes events, shows them, and returns its exit code."""
    run = Run(view(as_json=as_json, preview=preview), preview)
    with tempfile.TemporaryFile("w+", errors="replace") as complaints:
        with _at_work(command, environment, complaints) as process:
            for line in process.stdout or ():
                run.read(_event(line))
        complaints.seek(0)
        return run.finish(process.returncode, complaints.read())


@contextmanager
def _at_work(
    command: list[str], environment: Mapping[str, str], complaints: IO[str]
) -> Iterator["subprocess.Popen[str]"]:
    """The command, which ends its steps in order whatever happens to the terminal and to this process.

    Ctrl-C reaches it by itself. For a closed terminal or an end of this process it is interrupted, once: at a second
    interrupt it would break off.
    """
    process: subprocess.Popen[str] | None = None
    told = False

    def interrupt(*_: object) -> None:
        nonlocal told
        if process is not None and not told:
            process.send_signal(signal.SIGINT)
            told = True

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, interrupt)
    # The command itself ignores the end of its terminal, and under nohup so does this process.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=complaints, text=True, errors="replace"
        )
        if before[signal.SIGHUP] != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, interrupt)
        yield process
    finally:
        if process is not None:
            # Where nobody reads what it writes, it dies in the middle of a step.
            for _ in process.stdout or ():
                pass
            process.wait()
        for number, handler in before.items():
            signal.signal(number, handler)


def _event(line: str) -> Mapping[str, object]:
    """Parses a line's event. Any other line becomes a message."""
    try:
        event = json.loads(line)
    except ValueError:
        event = None
    return event if isinstance(event, dict) else {"stdoutEvent": {"message": line}}


def _is_free(cli: str, stack: str) -> bool:
    """Whether nobody else is at work on the stack. What a run that was killed left in the way is cleared."""
    if over := clear_dead_lock(LOCAL_STATE, stack):
        console.print(f"A run that was killed had locked the stack {stack} ({over[0]}): its lock is cleared.")
        # Else every later run would warn of the steps that it was killed in. What those made, the next `up` finds.
        quietly(cli, stack, "refresh", "--clear-pending-creates", "--yes", "--skip-preview", "--stack", stack)
    held = locks(LOCAL_STATE, stack)
    for lock in held:
        console.print(f"Another run is at work on the stack {stack}: {lock}: {lock.advice()}.", soft_wrap=True)
    return not held
