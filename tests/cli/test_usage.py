"""A wrong command line has an exit code of its own: no script takes it for an answer."""

import re

import pytest
from typer.testing import CliRunner

from cli import git
from cli.__main__ import app


@pytest.mark.parametrize(
    "words",
    [
        "",
        "--unknown",
        "unknown",
        "plan --unknown",
        "plan --stack",
        "plan one two",
        "deploy legal --check-only --unknown",
        "pin --check --unknown",
        "backup unknown",
        "backup status --unknown",
        "secrets list --unknown",
        "service add --port x",
    ],
)
def test_a_wrong_command_line_is_not_taken_for_changes(words: str) -> None:
    assert CliRunner().invoke(app, words.split()).exit_code == 64


def test_the_version_is_the_projects_with_the_commit_of_the_checkout(monkeypatch: pytest.MonkeyPatch) -> None:
    for commit, end in (("c0ffee000002+changes", ", commit c0ffee000002+changes"), ("", "")):
        monkeypatch.setattr(git, "commit", lambda commit=commit: commit)
        said = CliRunner().invoke(app, ["--version"])
        assert said.exit_code == 0
        assert re.fullmatch(rf"sertantai \d+\.\d+\.\d+{re.escape(end)}\n", said.output), said.output


@pytest.mark.parametrize("words", ["", "rollback", "backup", "backup keys", "secrets rotate"])
def test_a_flag_has_no_value_in_the_help(words: str) -> None:
    text = CliRunner().invoke(app, [*words.split(), "--help"]).output
    assert "--help" in text
    assert "<bool>" not in text
