"""The stack file after a release that was declined, refused or interrupted: what is taken back, and what stands."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.engine import runner
from cli.refused import Refused
from cli.registry import registry
from cli.release import checking, history
from cli.server import reach

from ..releasing import CONTAINER, SERVICE, SWITCH, Project, digest, ended, new_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.setattr(registry, "resolve", lambda *_: digest("1"))
    labels = registry.RemoteImage(digest="", created=registry.LONG_AGO, labels={})
    monkeypatch.setattr(registry, "inspect", lambda *_: labels)
    monkeypatch.setattr(checking, "compare_version", lambda *_: None)
    project = new_project(tmp_path, monkeypatch)
    project.engine(0, preview=[SERVICE, CONTAINER], up=[SERVICE, CONTAINER, ended(CONTAINER), SWITCH, ended(SWITCH)])
    return project


def deploy(*words: str) -> tuple[int, str]:
    ran = CliRunner().invoke(command.app, ["deploy", "legal", "--stack", "trial", *words])
    return ran.exit_code, re.sub(r"\s+", " ", ran.output)


def at_the_question(monkeypatch: pytest.MonkeyPatch, project: Project, text: str) -> None:
    """Lets somebody write the stack file while the question stands, which is then declined."""

    def confirm(*_: object, **__: object) -> bool:
        project.file.write_text(text or f"{project.file.read_text()}# theirs\n")
        return False

    monkeypatch.setattr("typer.confirm", confirm)


def git(project: Project, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=project.folder, capture_output=True, text=True, check=True).stdout


def in_git(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    for key, value in {"NAME": "anna", "EMAIL": "anna@laptop"}.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{key}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{key}", value)
    git(project, "init", "-q")
    git(project, "add", project.file.name)
    git(project, "commit", "-qm", "first")


def test_ctrl_c_after_the_release_while_it_is_recorded_keeps_the_settings(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(_: str, stdin: str) -> str:
        if '"serves"' in stdin:
            raise KeyboardInterrupt
        return ""

    monkeypatch.setattr(history, "send", send)
    _, said = deploy("--yes")
    assert digest("1") in project.file.read_text()
    assert "Pulumi.trial.yaml keeps the new settings" in said
    assert "Nothing was changed" not in said


def test_the_end_of_the_terminal_at_the_question_takes_the_settings_back(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = project.file.read_text()

    def confirm(*_: object, **__: object) -> bool:
        os.kill(os.getpid(), signal.SIGHUP)
        return True

    monkeypatch.setattr("typer.confirm", confirm)
    was = signal.signal(signal.SIGHUP, lambda *_: None)
    try:
        code, _ = deploy()
        assert signal.getsignal(signal.SIGHUP) not in (signal.SIG_DFL, signal.SIG_IGN), "the handler is put back"
    finally:
        signal.signal(signal.SIGHUP, was)
    assert (code, project.file.read_text()) == (128 + signal.SIGHUP, before)
    assert [call.split()[0] for call in project.calls] == ["preview"]


def test_a_host_that_does_not_answer_is_found_before_anything_is_written_or_committed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_git(project, monkeypatch)
    monkeypatch.setattr(runner, "check_host", lambda *_: False)
    monkeypatch.setattr(reach, "is_local", lambda _: False)
    code, said = deploy("--yes", "--commit")
    assert (code, project.calls) == (1, [])
    assert "host: the server does not answer" in said
    assert git(project, "log", "--format=%s") == "first\n"
    assert git(project, "status", "--porcelain", "--untracked-files=no") == ""


def test_after_the_commit_a_refusal_leaves_the_commit_and_says_so(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_git(project, monkeypatch)

    def check(*_: object) -> bool:
        if git(project, "log", "--format=%s") != "first\n":
            raise Refused("host/address: is it up?")
        return True

    monkeypatch.setattr(runner, "check_host", check)
    code, said = deploy("--yes", "--commit")
    commit = git(project, "rev-parse", "--short=12", "HEAD").strip()
    assert code == 1
    assert f"The commit {commit} of Pulumi.trial.yaml stands" in said
    assert digest("1") in project.file.read_text()
    assert git(project, "status", "--porcelain", "--untracked-files=no") == ""


def test_a_file_that_somebody_has_changed_meanwhile_loses_the_settings_of_this_release_alone(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = project.file.read_text()
    at_the_question(monkeypatch, project, "")
    _, said = deploy()
    assert project.file.read_text() == f"{before}# theirs\n"
    assert "Pulumi.trial.yaml is without these settings again" in said


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("", "services/legal/app/migrate_generation"),  # it has no value to go back to
        ("config: [\n", "services/legal/app/image, services/legal/frontend/image, services/legal/app/migrate_gen"),
    ],
)
def test_settings_that_cannot_be_taken_back_are_named(
    project: Project, monkeypatch: pytest.MonkeyPatch, text: str, left: str
) -> None:
    at_the_question(monkeypatch, project, text)
    _, said = deploy("--migrate")
    assert f"Pulumi.trial.yaml has been changed meanwhile, and keeps {left}" in said
    assert (digest("1") in project.file.read_text()) is False
