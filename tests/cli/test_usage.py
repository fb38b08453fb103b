"""A wrong command line has an exit code of its own: no script takes it for an answer."""

import pytest
from typer.testing import CliRunner

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
