"""Signals that a process of a test must not ignore, and those that end all of it."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path


def reset_signals() -> None:
    """Resets the signals that a process started in the background or by nohup ignores: a `preexec_fn`."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def kill_session(session: int) -> None:
    """Kills all processes of a session, as a power cut would: the engine has a process group of its own."""
    for _ in range(200):
        living = [process for process in _processes() if _is_in(session, process)]
        if not living:
            return
        for process in living:
            with suppress(OSError):
                os.kill(process, signal.SIGKILL)
        time.sleep(0.05)
    raise AssertionError(f"processes that cannot be killed: {living}")


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def _is_in(session: int, process: int) -> bool:
    with suppress(OSError, IndexError):
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        return os.getsid(process) == session and state != "Z"
    return False
