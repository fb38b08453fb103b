"""Locks are removed if their owner is dead, or if somebody types whose lock it is."""

import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import __main__ as command
from cli.engine import engine
from cli.repair import unlock
from cli.stack import services

SINCE = "2026-11-23T01:06:01Z"
HELD = f"the stack is currently locked by 1 lock(s). ... created by op@laptop (pid 14576) at {SINCE}"
# Stands in for the CLI: it records its arguments, and answers what the files say.
CLI = """#!/bin/sh
cd "$(dirname "$0")"
echo "$@" >> asked
[ -e next ] && [ "$(grep -c -- --target asked)" = 2 ] && mv next held
case "$1 $2" in
  "stack export") cat exported ;;
  "refresh --target") cat held >&2; [ ! -s held ] ;;
esac
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a CLI, and a stack whose state is in a bucket."""
    (tmp_path / "pulumi").write_text(CLI)
    (tmp_path / "pulumi").chmod(0o755)
    (tmp_path / "Pulumi.prod.yaml").write_text("config: {sertantai:host: {kind: hetzner}}")
    (tmp_path / "exported").write_text(json.dumps({"deployment": {}}))
    (tmp_path / "held").write_text("")
    monkeypatch.setattr(services, "ROOT", tmp_path)
    monkeypatch.setattr(unlock, "find_or_install", lambda: str(tmp_path / "pulumi"))
    monkeypatch.setenv("PULUMI_BACKEND_URL", "s3://bucket")
    return tmp_path


def call(stdin: str = "", *options: str) -> tuple[Result, str]:
    with engine.console.capture() as shown:
        result = CliRunner().invoke(command.app, ["unlock", "--stack", "prod", *options], input=stdin)
    return result, " ".join((shown.get() + result.output).split())


def asked(project: Path) -> list[str]:
    return [line.partition(" ")[0] for line in (project / "asked").read_text().splitlines()]


def in_folder(project: Path, monkeypatch: pytest.MonkeyPatch, pid: int, hostname: str) -> Path:
    """Moves the state to a folder with a lock."""
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{project}")
    file = project / ".pulumi/locks/organization/sertantai/prod/1a2b.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"pid": pid, "username": "op", "hostname": hostname, "timestamp": SINCE}))
    return file


def test_nothing_to_remove_is_said_and_nothing_is_changed(project: Path) -> None:
    result, _ = call()
    assert result.exit_code == 0
    assert result.stdout == "No lock on prod.\nNo unfinished operation.\n"
    assert asked(project) == ["refresh", "stack"]


def test_somebodys_lock_is_removed_only_by_the_name_of_its_owner(project: Path) -> None:
    (project / "held").write_text(HELD)
    result, text = call("prod\n")
    assert result.exit_code == 1
    assert "locked by op@laptop, pid 14576, since 2026-11-23 01:06:01 UTC" in text
    assert "cancel" not in asked(project)
    assert call("op@laptop\n")[0].exit_code == 0
    assert "cancel" in asked(project)


@pytest.mark.parametrize("now", [HELD.replace("14576", "14577"), HELD.replace("01:06:01", "01:16:01"), ""])
def test_a_lock_that_has_changed_during_the_question_stays(project: Path, now: str) -> None:
    (project / "held").write_text(HELD)
    (project / "next").write_text(now)
    result, text = call("op@laptop\n")
    assert result.exit_code == 1
    assert "Nothing was changed: meanwhile the stack is" in text
    assert "cancel" not in asked(project)


def test_yes_does_not_answer_for_somebody_else(project: Path) -> None:
    (project / "held").write_text(HELD)
    assert call("", "--yes")[0].exit_code == 1
    assert "cancel" not in asked(project)


def test_a_backend_that_names_nobody_asks_for_the_stacks_name(project: Path) -> None:
    (project / "held").write_text("[409] Conflict: Another update is currently in progress.")
    assert call("op@laptop\n")[0].exit_code == 1
    assert call("prod\n")[0].exit_code == 0
    assert "cancel" in asked(project)


def test_a_backend_that_does_not_answer_is_no_missing_lock(project: Path) -> None:
    (project / "held").write_text("error: no such host")
    result, text = call()
    assert result.exit_code == 1
    assert "does not say whether it is locked: error: no such host" in text


def test_the_lock_of_a_dead_process_of_this_machine_is_removed_without_a_question(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    file = in_folder(project, monkeypatch, process.pid, socket.gethostname())
    result, text = call()
    assert result.exit_code == 0
    assert f"pid {process.pid} on {socket.gethostname()}" in text
    assert not file.exists()


def test_the_lock_of_a_running_process_stays(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["pulumi", "60"], executable="sleep") as running:
        file = in_folder(project, monkeypatch, running.pid, socket.gethostname())
        result, _ = call(f"op@{socket.gethostname()}\n")
        running.kill()
    assert result.exit_code == 1
    assert f"kill -INT {running.pid}" in result.stderr
    assert file.exists()


def test_a_file_of_another_machine_is_removed_by_its_name(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = in_folder(project, monkeypatch, 1, "other-laptop")
    assert call("wrong\n")[0].exit_code == 1
    assert file.exists()
    assert call("op@other-laptop\n")[0].exit_code == 0
    assert not file.exists()


def test_unfinished_operations_are_named_and_cleared_after_a_question(project: Path) -> None:
    pending = [{"resource": {"urn": "urn:pulumi:prod::sertantai::t::legal-app"}, "type": "creating"}]
    (project / "exported").write_text(json.dumps({"deployment": {"pending_operations": pending}}))
    result, _ = call("n\n")
    assert result.exit_code == 1
    assert "Unfinished: legal-app (creating)" in result.stdout
    assert "--clear-pending-creates" not in (project / "asked").read_text()
    assert call("", "--yes")[0].exit_code == 0
    assert "refresh --clear-pending-creates --yes --skip-preview" in (project / "asked").read_text()
