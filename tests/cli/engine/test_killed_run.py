"""A run of the real CLI that was killed: the next one clears its lock, and a concurrent second one is refused."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi import automation as auto

from cli.engine import engine
from cli.engine.lock import find_locks
from tests.e2e.runner import has_engine
from tests.places import ROOT
from tests.signals import kill_session
from tests.waiting import eventually, hear

pytestmark = [pytest.mark.engine, pytest.mark.skipif(not has_engine(), reason="no Pulumi CLI")]
PROGRAM = """
from pulumi_command import local

local.Command("slow", create="touch begun; sleep $(cat seconds)")
"""
PROJECT = f"""
name: sertantai
runtime: {{name: python, options: {{virtualenv: {sys.prefix}}}}}
options: {{refresh: always}}
"""
UP = ("up", "--yes", "--skip-preview")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project whose only step takes as long as the file `seconds` says."""
    (tmp_path / "Pulumi.yaml").write_text(PROJECT)
    (tmp_path / "__main__.py").write_text(PROGRAM)
    (tmp_path / "seconds").write_text("60")
    monkeypatch.setattr(engine, "ROOT", tmp_path)
    monkeypatch.setattr(engine, "LOCAL_STATE", tmp_path / "state")
    return tmp_path


@pytest.fixture
def at_work(project: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """A run whose step is running."""
    script = f"from cli.engine import engine; from pathlib import Path; engine.ROOT = Path({str(project)!r}); "
    script += f"engine.LOCAL_STATE = engine.ROOT / 'state'; engine.pulumi('pulumi', 'local', *{UP})"
    with (project / "log").open("w") as log:
        run = subprocess.Popen(
            [sys.executable, "-c", script],
            stdout=log,
            stderr=log,
            cwd=ROOT,
            start_new_session=True,
        )

    def has_begun() -> bool:
        hear(said := (project / "log").read_text())
        if run.poll() is not None:
            pytest.fail(f"the run has ended before its step: {said}")
        return (project / "begun").exists()

    try:
        eventually(has_begun, timeout_s=180)
        yield run
    finally:
        if run.poll() is None:
            kill(run)


def kill(run: "subprocess.Popen[bytes]") -> None:
    kill_session(run.pid)
    run.wait()


def pending(project: Path) -> list[str]:
    """Returns the steps that have begun and not ended in the state."""
    options = auto.LocalWorkspaceOptions(env_vars=engine.environment("local"))
    exported = auto.select_stack("local", work_dir=str(project), opts=options).export_stack().deployment or {}
    return [each["resource"]["urn"].rpartition("::")[2] for each in exported.get("pending_operations", [])]


def test_the_lock_of_a_killed_run_is_reported_and_cleared_and_the_next_run_succeeds(
    project: Path, at_work: "subprocess.Popen[bytes]", capfd: pytest.CaptureFixture[str]
) -> None:
    kill(at_work)
    assert find_locks(project / "state", "local")
    assert pending(project) == ["slow"]
    (project / "seconds").write_text("0")
    assert engine.pulumi("pulumi", "local", *UP) == 0
    assert not find_locks(project / "state", "local")
    assert pending(project) == []
    said = capfd.readouterr()
    assert "A run that was killed had locked the stack local (pid " in " ".join(said.err.split())
    assert "pending operation" not in said.out


def test_a_second_run_is_refused_with_the_pid_of_the_first(
    project: Path, at_work: "subprocess.Popen[bytes]", capfd: pytest.CaptureFixture[str]
) -> None:
    [lock] = find_locks(project / "state", "local")
    assert engine.pulumi("pulumi", "local", *UP) == 1
    assert f"Another run is at work on the stack local: pid {lock.pid} on " in capfd.readouterr().err
    assert at_work.poll() is None
    assert lock.file.exists()
