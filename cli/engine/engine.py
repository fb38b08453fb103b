"""Runs the Pulumi CLI for a stack and watches its events. The rehearsal is watched in the same way."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from rich.console import Console

from ..show.run import Run
from ..show.views import Show, view
from . import program
from .lock import clear_dead_locks, find_locks
from .program import Program

ROOT = Path(__file__).parents[2]
# The local stack needs no account and has no real secret: its state is in a folder, and its passphrase is public.
LOCAL_STATE = ROOT / ".pulumi-state"
LOCAL_PASSPHRASE = "local"  # noqa: S105
# The engine and its providers collect garbage a quarter as often: a run is short, and 5 % quicker.
QUICKER = {"GOGC": "400"}
SAME_S = 1
"""Interrupts within this time are one."""

console = Console(stderr=True, highlight=False)


def environment(stack: str) -> dict[str, str]:
    """Returns the CLI's environment. The local stack has its own state and passphrase, other stacks the operator's."""
    extra = {
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_ERROR_OUTPUT_STRING": "true",
        "PULUMI_ENABLE_STREAMING_JSON_PREVIEW": "true",
        # A language host lists the Python packages with pip, which would then look for a newer version of itself.
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    if stack == "local":
        LOCAL_STATE.mkdir(exist_ok=True, mode=0o700)
        extra |= {"PULUMI_BACKEND_URL": LOCAL_STATE.as_uri(), "PULUMI_CONFIG_PASSPHRASE": LOCAL_PASSPHRASE}
    return QUICKER | os.environ | extra


def pulumi(cli: str, stack: str, *words: str, as_json: bool = False, show: Show = view) -> int:
    """Runs the CLI on a stack and shows the run. Returns the exit code."""
    if stack == "local" and not has_local_state(stack):
        run_quietly(cli, stack, "stack", "init", stack)
    # A preview ignores the lock.
    if stack == "local" and words[0] != "preview" and not _is_unlocked(cli, stack):
        return 1
    return follow(lambda: begin_engine(cli, stack, *words), preview=words[0] == "preview", as_json=as_json, show=show)


def has_local_state(stack: str) -> bool:
    """Whether a local stack has been created. Any other command but `stack init` would fail without it."""
    return (LOCAL_STATE / f".pulumi/stacks/sertantai/{stack}.json").exists()


def run_quietly(cli: str, stack: str, *words: str) -> None:
    """Runs a command of the CLI without its output."""
    subprocess.run([cli, *words], cwd=ROOT, env=environment(stack), stdin=subprocess.DEVNULL, capture_output=True)


@dataclass(frozen=True)
class Begun:
    """A command that has begun: it writes events to a pipe, and errors to a file."""

    process: "subprocess.Popen[str]"
    stderr: IO[str]
    program: Program | None = None

    def cancel(self) -> None:
        """Interrupts the command, waits for its end and discards its output."""
        self.process.send_signal(signal.SIGINT)
        self.process.communicate()
        self.close()

    def close(self) -> None:
        """Closes the file of errors, and ends the program."""
        self.stderr.close()
        if self.program:
            self.program.end()


def begin_engine(cli: str, stack: str, *words: str) -> Begun:
    """Starts the CLI on a stack, with the program where it needs one."""
    command, values = [cli, *words, "--stack", stack, "--json"], environment(stack)
    if words[0] not in program.VERBS:
        return begin(command, values)
    taken = program.take(ROOT)
    return begin([*command, *taken.options(values)], values, taken)


def begin(command: list[str], environment: Mapping[str, str], taken: Program | None = None) -> Begun:
    """Starts a command that writes events.

    It has a process group of its own: the terminal's Ctrl-C reaches this process alone, which passes each one on.
    """
    stderr = taken.stderr if taken else tempfile.TemporaryFile("w+", errors="replace")  # noqa: SIM115 - `close` does
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr,
        text=True, errors="replace", process_group=0,
    )  # fmt: skip
    return Begun(process, stderr, taken)


def watch(
    command: list[str], environment: Mapping[str, str], *, preview: bool, as_json: bool, show: Show = view
) -> int:
    """Runs a command that writes events, shows them, and returns its exit code."""
    return follow(lambda: begin(command, environment), preview=preview, as_json=as_json, show=show)


def follow(begin: Callable[[], Begun], *, preview: bool, as_json: bool, show: Show = view) -> int:
    """Shows the events of a command that `begin` starts or has started, and returns its exit code."""
    run = Run(show(as_json=as_json, preview=preview), preview)
    with _running(begin) as begun:
        for line in begun.process.stdout or ():
            run.read(_event(line))
    begun.stderr.seek(0)
    stderr = begun.stderr.read()
    begun.close()
    return run.finish(begun.process.returncode, stderr)


@contextmanager
def _running(begin: Callable[[], Begun]) -> Iterator[Begun]:
    """Starts the command, and makes sure that it completes its running steps.

    If this process is interrupted or terminated, or its terminal closes, the command is interrupted. A second interrupt
    cancels running steps, so it is passed on only if the operator means it: as another SIGINT, not at once.
    """
    process: subprocess.Popen[str] | None = None
    last: float | None = None
    """When this process was told to end."""

    def interrupt(number: int, _: object) -> None:
        nonlocal last
        now = time.monotonic()
        # `timeout` and some shells send SIGINT to the process and to its group.
        if last is None or (number == signal.SIGINT and now - last >= SAME_S):
            last = now
            if process is not None:
                process.send_signal(signal.SIGINT)

    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGTERM, interrupt)
    # The command ignores the end of its terminal; so does this process, if it runs under nohup.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        begun = begin()
        process = begun.process
        if last is not None:  # while it began
            process.send_signal(signal.SIGINT)
        if before[signal.SIGHUP] != signal.SIG_IGN:
            signal.signal(signal.SIGHUP, interrupt)
        yield begun
    finally:
        if process is not None:
            # The command dies during a step if nobody reads its output.
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


def _is_unlocked(cli: str, stack: str) -> bool:
    """Whether no other run has the stack's lock. Clears the lock of a killed run."""
    if dead := clear_dead_locks(LOCAL_STATE, stack):
        console.print(f"A run that was killed had locked the stack {stack} ({dead[0]}): its lock is cleared.")
        # Every later run would warn of that run's pending steps. The next `up` finds what they have created.
        run_quietly(cli, stack, "refresh", "--clear-pending-creates", "--yes", "--skip-preview", "--stack", stack)
    held = find_locks(LOCAL_STATE, stack)
    for lock in held:
        console.print(f"Another run is at work on the stack {stack}: {lock}: {lock.advice()}.", soft_wrap=True)
    return not held
