"""`deploy --commit`: the changed stack file is committed, and nothing else."""

import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.registry import registry
from cli.release import checking

from ..releasing import Project, digest, new_project


def git(project: Project, *words: str) -> str:
    ran = subprocess.run(["git", *words], cwd=project.folder, capture_output=True, text=True, check=True)
    return ran.stdout


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project in a git checkout."""
    monkeypatch.setattr(registry, "resolve", lambda *_: digest("1"))
    monkeypatch.setattr(
        registry, "inspect", lambda *_: registry.RemoteImage(digest="", created=registry.LONG_AGO, labels={})
    )
    monkeypatch.setattr(checking, "compare_version", lambda *_: None)
    for key, value in {"NAME": "anna", "EMAIL": "anna@laptop"}.items():
        monkeypatch.setenv(f"GIT_AUTHOR_{key}", value)
        monkeypatch.setenv(f"GIT_COMMITTER_{key}", value)
    project = new_project(tmp_path, monkeypatch)
    (tmp_path / "other").write_text("one")
    git(project, "init", "-q")
    git(project, "add", "other", project.file.name)
    git(project, "commit", "-qm", "first")
    return project


def deploy() -> tuple[int, str]:
    ran = CliRunner().invoke(command.app, ["deploy", "legal", "--stack", "trial", "--yes", "--commit"])
    return ran.exit_code, ran.output


def test_only_the_stack_file_is_committed_before_the_release(project: Project) -> None:
    (project.folder / "other").write_text("two")
    code, said = deploy()
    assert code == 0, said
    assert git(project, "show", "--name-only", "--format=%s").split("\n\n") == [
        "deploy legal: app/image, frontend/image",
        f"{project.file.name}\n",
    ]
    assert digest("1") in git(project, "show", f"HEAD:{project.file.name}")


def test_a_stack_file_with_other_changes_and_a_commit_without_a_branch_are_refused(project: Project) -> None:
    project.file.write_text(project.file.read_text() + "# mine\n")
    code, said = deploy()
    assert (code, project.calls) == (1, [])
    assert f"--commit: {project.file.name} has changes that are not committed" in said
    git(project, "checkout", "-q", project.file.name)
    git(project, "checkout", "-q", "--detach")
    code, said = deploy()
    assert (code, project.calls) == (1, [])
    assert "`git switch BRANCH` first" in said
