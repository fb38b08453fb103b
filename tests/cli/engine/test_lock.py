"""The lock of the local stack: it is cleared if its owner is certainly dead; otherwise its owner is named."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.engine import engine, program
from cli.engine.lock import Lock, clear_dead_locks, find_locks

from ..releasing import NoProgram

SINCE = "2026-11-23T01:06:01.45244041Z"
# Stands in for the CLI: it records its arguments.
CLI = """#!/bin/sh
echo "$@" >> asked
"""


@pytest.fixture
def alive() -> Iterator[int]:
    """A process with the CLI's name."""
    process = subprocess.Popen(["pulumi", "60"], executable="sleep")
    yield process.pid
    process.kill()
    process.wait()


@pytest.fixture
def dead() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a state that stands in for the project."""
    (tmp_path / "pulumi").write_text(CLI)
    (tmp_path / "pulumi").chmod(0o755)
    monkeypatch.setattr(program, "Program", NoProgram)
    monkeypatch.setattr(engine, "ROOT", tmp_path)
    monkeypatch.setattr(engine, "LOCAL_STATE", tmp_path / "state")
    stack = tmp_path / "state/.pulumi/stacks/sertantai/local.json"
    stack.parent.mkdir(parents=True)
    stack.touch()
    return tmp_path


def lock(project: Path, pid: int, hostname: str | None = None, stack: str = "local", name: str = "sertantai") -> Path:
    file = project / "state/.pulumi/locks/organization" / name / stack / "1a2b.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    held = {"pid": pid, "username": "op", "hostname": hostname or socket.gethostname(), "timestamp": SINCE}
    file.write_text(json.dumps(held))
    return file


def asked(project: Path) -> list[str]:
    file = project / "asked"
    return [line.partition(" --stack ")[0] for line in file.read_text().splitlines()] if file.exists() else []


def run(project: Path, *words: str) -> int:
    return engine.pulumi(str(project / "pulumi"), "local", *words)


def test_a_lock_names_its_owner(project: Path) -> None:
    lock(project, 4711, "laptop")
    [found] = find_locks(project / "state", "local")
    assert str(found) == "pid 4711 on laptop since 2026-11-23 01:06:01 UTC"


def test_the_lock_of_a_dead_process_is_cleared_and_the_run_continues(
    project: Path, dead: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = lock(project, dead)
    assert run(project, "up", "--yes") == 0
    assert not file.exists()
    assert asked(project) == ["refresh --clear-pending-creates --yes --skip-preview", "up --yes"]
    said = " ".join(capsys.readouterr().err.split())
    assert f"killed had locked the stack local (pid {dead} on {socket.gethostname()} since 2026-11-23 01:06:01" in said


def test_an_owner_whose_pid_another_program_has_is_dead(project: Path) -> None:
    other = subprocess.Popen(["sleep", "60"])
    try:
        while not Path(f"/proc/{other.pid}/cmdline").read_bytes():
            time.sleep(0.01)
        lock(project, other.pid)
        assert len(clear_dead_locks(project / "state", "local")) == 1
    finally:
        other.kill()
        other.wait()


def test_a_zombie_is_dead(project: Path) -> None:
    with subprocess.Popen(["true"]) as zombie:
        os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
        lock(project, zombie.pid)
        assert len(clear_dead_locks(project / "state", "local")) == 1


def test_a_running_owner_is_named_and_no_second_run_begins(
    project: Path, alive: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = lock(project, alive)
    assert run(project, "up", "--yes") == 1
    assert file.exists()
    assert asked(project) == []
    said = capsys.readouterr().err
    assert f"pid {alive} on {socket.gethostname()} since 2026-11-23 01:06:01 UTC" in said
    assert f"kill -INT {alive}" in said


def test_a_process_of_another_machine_counts_as_alive(
    project: Path, dead: int, capsys: pytest.CaptureFixture[str]
) -> None:
    file = lock(project, dead, "another-machine")
    assert run(project, "destroy", "--yes") == 1
    assert file.exists()
    assert asked(project) == []
    said = capsys.readouterr().err
    assert f"pid {dead} on another-machine" in said
    assert f"remove {file}" in said


def test_a_process_that_may_not_be_signalled_counts_as_alive(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.kill", refuse)
    found = Lock(file=project, pid=1, hostname=socket.gethostname(), since=SINCE)
    assert not found.is_dead()


def test_a_preview_ignores_locks(project: Path, alive: int) -> None:
    lock(project, alive)
    assert run(project, "preview") == 0
    assert asked(project) == ["preview"]


def test_the_lock_of_another_stack_stays(project: Path, dead: int) -> None:
    file = lock(project, dead, stack="prod")
    assert run(project, "up") == 0
    assert file.exists()
    assert asked(project) == ["up"]


def test_the_lock_of_another_project_in_the_same_folder_stays(project: Path, dead: int) -> None:
    file = lock(project, dead, name="another")
    assert run(project, "up") == 0
    assert file.exists()
    assert asked(project) == ["up"]
