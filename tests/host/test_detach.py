"""A step that has begun completes, even if its caller is gone."""

import os
import re
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from host import detach
from host.failure import Failure
from tests.places import ROOT
from tests.signals import reset_signals
from tests.waiting import eventually

WORK = """
import sys, time
from pathlib import Path
from host import detach

def work():
    print("begun", flush=True)
    for _ in range(1200):
        if Path(sys.argv[2]).exists():
            break
        time.sleep(0.05)
    print("x" * 200_000)
    Path(sys.argv[1]).write_text("done")

sys.exit(detach.run("restore-load", work))
"""


@pytest.fixture
def done(tmp_path: Path) -> Path:
    """The output of the work at its end."""
    return tmp_path / "done"


def go_on(done: Path) -> None:
    """Lets the waiting work continue."""
    done.with_name("go").touch()


def begin(done: Path) -> "subprocess.Popen[str]":
    """Starts the step, and waits until its work has begun."""
    command = [sys.executable, "-c", WORK, str(done), str(done.with_name("go"))]
    caller = subprocess.Popen(
        command,
        cwd=ROOT,
        env=os.environ | {"TMPDIR": str(done.parent)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=reset_signals,
    )
    assert caller.stdout
    assert caller.stdout.readline() == "begun\n"
    return caller


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_it_continues_if_all_the_callers_processes_are_killed(done: Path, how: signal.Signals) -> None:
    caller = begin(done)
    os.killpg(caller.pid, how)
    caller.wait(timeout=60)
    go_on(done)
    eventually(done.exists)


def test_its_output_stays_in_a_file_if_the_caller_is_killed(done: Path) -> None:
    caller = begin(done)
    [log] = done.parent.glob("sertantai-restore-load-*.log")
    os.killpg(caller.pid, signal.SIGKILL)
    caller.wait(timeout=60)
    go_on(done)
    eventually(lambda: log.read_text() == f"begun\n{'x' * 200_000}\n")


def test_it_continues_if_the_caller_closes_its_pipe(done: Path) -> None:
    caller = begin(done)
    assert caller.stdout
    caller.stdout.close()
    go_on(done)
    eventually(done.exists)
    caller.wait()


def test_it_continues_if_the_caller_does_not_read(done: Path) -> None:
    caller = begin(done)
    go_on(done)
    eventually(done.exists)
    assert caller.poll() is None  # it still waits until the long line is read
    assert len(caller.communicate()[0]) == 200_001
    assert caller.returncode == 0


def test_only_the_caller_has_its_pipe_open(done: Path) -> None:
    """The command provider waits until the last process with an open pipe is gone."""
    caller = begin(done)
    caller.kill()
    assert caller.communicate()[0] == ""
    assert not done.exists(), "the work holds the pipe open until its end"
    go_on(done)
    eventually(done.exists)


def test_a_failure_is_printed_and_is_exit_code_1(capfd: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        raise Failure("legal/app: cannot be started; fix the image and run up again")

    assert detach.run("migrate", work) == 1
    assert capfd.readouterr().out == "legal/app: cannot be started; fix the image and run up again\n"


def test_the_log_is_private_and_is_removed_at_the_end(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    seen: Path = tmp_path / "seen"

    def work() -> None:
        modes = [oct(os.fstat(stream).st_mode & 0o777) for stream in (1, 2)]
        seen.write_text(f"{modes} {sorted(each.name for each in tmp_path.iterdir())}")

    assert detach.run("migrate", work) == 0
    assert re.fullmatch(r"\['0o600', '0o600'\] \['sertantai-migrate-\w+\.log'\]", seen.read_text())
    assert [each.name for each in tmp_path.iterdir()] == ["seen"]
