"""A runner is watched to its end, even if the reader of the output or the terminal is gone."""

import fcntl
import os
import pty
import re
import signal
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from cli.engine import engine
from tests.places import ROOT
from tests.signals import kill_session, reset_signals
from tests.waiting import eventually

Watch = Callable[..., "subprocess.Popen[str]"]
EVENTS = Path(__file__).parents[1] / "events"
# Stands in for the engine: it runs until it is interrupted, then ends its step and prints it.
RUNNER = f"""
import signal, sys, time
interrupts = []
signal.signal(signal.SIGINT, lambda *_: interrupts.append(1))
print(open({str(EVENTS / "failed_up.jsonl")!r}).read(), flush=True)
open("begun", "w").close()
while not interrupts: time.sleep(0.05)
time.sleep(0.5)
print("x" * 2**17, flush=True)
open("end", "w").write(str(len(interrupts)))
sys.exit(7)
"""
WATCHER = """
import sys
from pathlib import Path
from cli.engine import engine
engine.ROOT = Path(sys.argv[1])
command = [sys.executable, "-c", sys.argv[2]]
sys.exit(engine.watch(command, {}, preview=False, as_json=sys.argv[3] == "json"))
"""


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    """Starts to watch a runner in its own session, and ends both after the test."""
    begun: list[subprocess.Popen[str]] = []

    def begin(runner: str = RUNNER, shown: str = "json", **files: Any) -> "subprocess.Popen[str]":
        command = [sys.executable, "-c", WATCHER, str(tmp_path), runner, shown]
        streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | files
        options: dict[str, Any] = {"preexec_fn": reset_signals, "start_new_session": True} | streams
        begun.append(subprocess.Popen(command, cwd=ROOT, text=True, **options))
        return begun[-1]

    yield begin
    for process in begun:
        kill_session(process.pid)
        process.wait()


def wait_for_begin(run: "subprocess.Popen[str]", folder: Path) -> None:
    """Waits until the runner runs, and until the watcher no longer ignores the end of its terminal, a moment later."""

    def is_watched() -> bool:
        caught = re.search(r"SigCgt:\s*(\w+)", Path(f"/proc/{run.pid}/status").read_text())
        assert caught
        return (folder / "begun").exists() and bool(int(caught[1], 16) >> (signal.SIGHUP - 1) & 1)

    eventually(is_watched)


def take_terminal(terminal: int) -> None:
    """Makes it the terminal of this new session, so that its Ctrl-C interrupts it."""
    reset_signals()
    fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)


def test_a_run_completes_if_the_reader_of_its_output_is_gone(tmp_path: Path, watch: Watch) -> None:
    run = watch(RUNNER.replace("while not interrupts", "while False"))
    assert run.stdout
    assert run.stdout.readline()
    run.stdout.close()
    assert run.stderr
    assert run.stderr.read() == ""
    assert run.wait() == 1
    assert (tmp_path / "end").exists()


@pytest.mark.parametrize(
    ("number", "send"),
    [(number, send) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP) for send in (os.kill, os.killpg)],
)
def test_an_interrupted_run_waits_for_the_runner_to_end_in_order(
    tmp_path: Path, watch: Watch, number: int, send: Callable[[int, int], None]
) -> None:
    run = watch()
    wait_for_begin(run, tmp_path)
    send(run.pid, number)
    _, complaints = run.communicate(timeout=120)
    assert run.returncode == 1, complaints
    assert (tmp_path / "end").read_text() == "1"


def test_a_closed_terminal_ends_the_run_in_order(tmp_path: Path, watch: Watch) -> None:
    ours, theirs = pty.openpty()
    run = watch(shown="live", stdin=theirs, stdout=theirs, stderr=(tmp_path / "log").open("w"))
    wait_for_begin(run, tmp_path)
    os.close(theirs)
    os.close(ours)
    os.killpg(run.pid, signal.SIGHUP)
    assert run.wait(timeout=120) == 1
    assert (tmp_path / "end").read_text() == "1"
    assert (tmp_path / "log").read_text() == ""


def test_ctrl_c_in_the_terminal_interrupts_the_runner_once(tmp_path: Path, watch: Watch) -> None:
    ours, theirs = pty.openpty()
    run = watch(stdin=theirs, stdout=theirs, stderr=theirs, preexec_fn=lambda: take_terminal(theirs))
    os.close(theirs)
    wait_for_begin(run, tmp_path)
    os.write(ours, b"\x03")
    with suppress(OSError):  # the terminal's other side is closed
        while os.read(ours, 2**16):
            pass
    os.close(ours)
    assert run.wait(timeout=120) == 1
    assert (tmp_path / "end").read_text() == "1"


def test_a_second_interrupt_reaches_the_runner_only_if_it_is_not_at_once(tmp_path: Path, watch: Watch) -> None:
    run = watch(RUNNER.replace("while not interrupts:", "while len(interrupts) < 2:"))
    wait_for_begin(run, tmp_path)
    begun = time.monotonic()
    os.kill(run.pid, signal.SIGTERM)

    def has_ended() -> bool:
        os.kill(run.pid, signal.SIGINT)
        return (tmp_path / "end").exists()

    eventually(has_ended)
    assert time.monotonic() - begun >= engine.SAME_S
    run.communicate(timeout=120)
