"""Signals that a process of a test must not ignore, and those that end all of it."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def reset_signals() -> None:
    """Resets the signals that a process started in the background or by nohup ignores: a `preexec_fn`."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def kill_session(session: int) -> None:
    """Kills all processes of a session, as a power cut would: the engine has a process group of its own."""
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if os.getsid(int(process.name)) == session:
                os.kill(int(process.name), signal.SIGKILL)
