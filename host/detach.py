"""Keeps a step running if its caller is gone, so that it is completed or undone."""

import os
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

from .failure import Failure

POLL_S = 0.05


def run(verb: str, work: Callable[[], None]) -> int:
    """Runs `work` in a child process with its own session, prints its output, and returns its exit code.

    The child writes to a file: with the caller's pipe, the caller would wait for the child, or a broken pipe would end
    the child. If the caller is killed, this process may end too, and the child runs on. Then the file stays: nothing
    else has the child's output.
    """
    descriptor, name = tempfile.mkstemp(prefix=f"sertantai-{verb}-", suffix=".log")  # mode 0600
    with Path(name).open() as lines:
        sys.stdout.flush()
        child = os.fork()
        if not child:
            _detach(descriptor)
            os._exit(_finish(work))
        os.close(descriptor)
        code = _relay(child, lines)
    Path(name).unlink(missing_ok=True)
    return code


def _detach(descriptor: int) -> None:
    os.setsid()
    for signal_number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    for stream in (1, 2):
        os.dup2(descriptor, stream)


def _finish(work: Callable[[], None]) -> int:
    try:
        work()
    except Failure as failure:
        print(failure, flush=True)
        return 1
    except BaseException:
        traceback.print_exc()
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


def _relay(child: int, lines: TextIO) -> int:
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        sys.stdout.write(lines.read())
        sys.stdout.flush()
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(POLL_S)
