"""A server at Hetzner that does not answer: it alone can be previewed, so nothing else is applied unseen."""

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.engine import runner
from cli.server import hetzner, reach

from ..releasing import CONTAINER, SERVICE, Project, new_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose server does not answer until the engine has created it again."""
    project = new_project(tmp_path, monkeypatch)
    monkeypatch.setattr(runner, "check_host", lambda *_: any(call.startswith("up") for call in project.calls))
    monkeypatch.setattr(hetzner, "start_server", lambda *_: False)
    monkeypatch.setattr(reach, "is_local", lambda _: False)
    project.engine(0, preview=[SERVICE, CONTAINER], up=[])
    return project


def call(*words: str, answer: str = "") -> tuple[int, str]:
    ran = CliRunner().invoke(command.app, [*words, "--stack", "trial"], input=answer)
    return ran.exit_code, re.sub(r"\s+", " ", ran.output)


def runs(project: Project) -> list[str]:
    """Returns each run of the engine: its verb, and `server` if it was limited to the server."""
    return [f"{each.split()[0]}{' server' if reach.SERVER in each else ''}" for each in project.calls]


@pytest.mark.parametrize("words", [[], ["--json"], ["legal"]])
def test_a_preview_of_the_server_alone_is_no_plan(project: Project, words: list[str]) -> None:
    code, said = call("plan", *words)
    assert (code, project.calls) == (1, [])
    assert "host: the server does not answer, so only the server can be planned" in said
    assert "nothing to change" not in said


def test_it_is_not_saved_and_no_saved_plan_is_applied(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "plan"
    assert call("plan", "--save", str(file))[0] == 1
    assert not file.exists()
    with monkeypatch.context() as answers:
        answers.setattr(runner, "check_host", lambda *_: True)
        call("plan", "--save", str(file))
    code, said = call("up", "--plan", str(file))
    assert (code, runs(project)) == (1, ["preview"])
    assert "only the server can be planned" in said


def test_up_shows_the_rest_and_asks_again_once_the_server_answers(project: Project) -> None:
    code, said = call("up", answer="y\ny\n")
    assert (code, runs(project)) == (0, ["preview server", "up server", "preview", "up"])
    assert said.count("Apply this to trial?") == 2


def test_a_declined_rest_is_not_applied(project: Project) -> None:
    code, _ = call("up", answer="y\nn\n")
    assert (code, runs(project)) == (1, ["preview server", "up server", "preview"])


def test_a_server_that_was_only_off_is_asked_about_too(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter([False, False])  # before the preview, and before up
    monkeypatch.setattr(hetzner, "start_server", lambda *_: True)
    monkeypatch.setattr(runner, "check_host", lambda *_: next(answers, True))
    code, _ = call("up", answer="y\nn\n")
    assert (code, runs(project)) == (1, ["preview server", "preview"])


def test_up_with_yes_asks_nothing(project: Project) -> None:
    code, _ = call("up", "--yes")
    assert (code, runs(project)) == (0, ["up server", "up"])
