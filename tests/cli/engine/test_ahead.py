"""A preview of the local stack begins beside the checks, and counts only if they have found everything in place."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.engine import ahead, engine, program
from local import machine
from tests.waiting import eventually

from ..releasing import NoProgram

# Stands in for the engine: the first run waits for an interrupt if the folder has the file `slow`.
CLI = f"""#!{sys.executable}
import pathlib, signal, sys, time
interrupts = []
signal.signal(signal.SIGINT, lambda *_: interrupts.append(1))
with open("runs", "a") as runs:
    runs.write(" ".join(sys.argv[1:]) + "\\n")
number = len(open("runs").read().splitlines())
print("run", number, flush=True)
slow = pathlib.Path("slow")
while slow.exists() and not interrupts: time.sleep(0.02)
slow.unlink(missing_ok=True)
print("x" * 2**17, flush=True)
if interrupts: open("interrupted", "a").write(str(number))
sys.exit(9 if interrupts else 0)
"""
WORDS = "preview --stack local --json"


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The engine's stand-in, in a project whose stack has been created."""
    monkeypatch.setattr(program, "Program", NoProgram)
    monkeypatch.setattr(engine, "ROOT", tmp_path)
    monkeypatch.setattr(engine, "LOCAL_STATE", tmp_path)
    monkeypatch.setattr(machine, "progress", [])
    stack = tmp_path / ".pulumi/stacks/sertantai/local.json"
    stack.parent.mkdir(parents=True)
    stack.touch()
    cli = tmp_path / "pulumi"
    cli.write_text(CLI)
    cli.chmod(0o755)
    return str(cli)


def begun_first(tmp_path: Path, code: int = 0, made: str = "") -> Callable[[], int]:
    """Returns a check that ends after the preview has begun."""

    def check() -> int:
        eventually(lambda: WORDS in (tmp_path / "runs").read_text())
        if made:
            machine.say(made)
        return code

    return check


def test_it_begins_beside_the_checks_and_is_shown(cli: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ahead.preview(cli, "local", begun_first(tmp_path), as_json=False) == 0
    assert (tmp_path / "runs").read_text().splitlines() == [WORDS]
    assert "run 1" in capsys.readouterr().out


def test_a_failed_check_interrupts_it_and_nothing_of_it_is_shown(
    cli: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "slow").touch()
    assert ahead.preview(cli, "local", begun_first(tmp_path, code=1), as_json=False) == 1
    assert (tmp_path / "interrupted").read_text() == "1"
    assert (tmp_path / "runs").read_text().splitlines() == [WORDS]
    assert capsys.readouterr().out == ""


def test_it_begins_again_if_the_checks_have_started_what_was_missing(
    cli: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "slow").touch()
    assert ahead.preview(cli, "local", begun_first(tmp_path, made="doubles: one started"), as_json=False) == 0
    assert (tmp_path / "interrupted").read_text() == "1"
    output = capsys.readouterr().out
    assert "run 2" in output
    assert "run 1" not in output


def test_checks_that_end_unexpectedly_leave_no_preview_behind(cli: str, tmp_path: Path) -> None:
    (tmp_path / "slow").touch()

    def check() -> int:
        begun_first(tmp_path)()
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        ahead.preview(cli, "local", check, as_json=False)
    assert (tmp_path / "interrupted").read_text() == "1"
