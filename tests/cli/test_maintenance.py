"""Maintenance is one line of the stack file and one step."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli import __main__ as command
from cli import engine, maintenance, runner, services

FILE = """config:
  sertantai:host: {kind: local}
  sertantai:services:
    legal: # the first
      domain: legal.example.org
      app: {image: a}
    hub: {app: {image: a}}
"""


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The engine's words of each run. A run fails if the list begins with `fails`."""
    (tmp_path / "Pulumi.trial.yaml").write_text(FILE)
    words: list[tuple[str, ...]] = []

    def run(self: runner.Command, *given: str) -> int:
        words.append((self.stack, *given))
        return 1 if words[0] == ("fails",) else 0

    monkeypatch.setattr(runner.Command, "run", run)
    for module in (maintenance, services):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    return words


def call(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(command.app, ["maintenance", *words, "--stack", "trial"])
    return result.exit_code, result.output


def setting(tmp_path: Path) -> object:
    services = yaml.safe_load((tmp_path / "Pulumi.trial.yaml").read_text())["config"]["sertantai:services"]
    return services["legal"].get("maintenance")


def test_it_is_written_into_the_stack_file_and_the_site_alone_switches(
    runs: list[tuple[str, ...]], tmp_path: Path
) -> None:
    assert call("on", "legal")[0] == 0
    assert setting(tmp_path) is True
    assert "legal: # the first" in (tmp_path / "Pulumi.trial.yaml").read_text()
    step = ("trial", "up", "--yes", "--skip-preview", "--target", "**::legal-site-switch")
    assert runs == [step]
    assert call("off", "legal")[0] == 0
    assert (tmp_path / "Pulumi.trial.yaml").read_text() == FILE
    assert runs == [step, step]


def test_off_keeps_a_line_that_has_a_comment(runs: list[tuple[str, ...]], tmp_path: Path) -> None:
    written = FILE.replace("      app:", "      maintenance: true # until Monday\n      app:", 1)
    (tmp_path / "Pulumi.trial.yaml").write_text(written)
    assert call("off", "legal")[0] == 0
    assert (tmp_path / "Pulumi.trial.yaml").read_text() == written.replace("true", "false")


def test_off_leaves_a_file_without_the_setting_as_it_is(runs: list[tuple[str, ...]], tmp_path: Path) -> None:
    assert call("off", "legal")[0] == 0
    assert (tmp_path / "Pulumi.trial.yaml").read_text() == FILE
    assert len(runs) == 1, "the site may differ from the file, so the step is run in any case"


def test_a_failed_step_says_what_state_things_are_in(runs: list[tuple[str, ...]], tmp_path: Path) -> None:
    runs.append(("fails",))
    with engine.console.capture() as shown:
        assert call("on", "legal")[0] == 1
    said = " ".join(shown.get().split())
    assert "Pulumi.trial.yaml is changed and the site is not: run `./sertantai maintenance on legal` again" in said


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (["on", "hub"], 1, "services/hub/domain: is not set, so hub has no site"),
        (["on", "legl"], 1, "legl: Pulumi.trial.yaml has no such service; did you mean legal?"),
        (["of", "legal"], 64, "is not one of 'on', 'off'"),
    ],
)
def test_what_cannot_be_closed_is_refused_and_nothing_is_written(
    runs: list[tuple[str, ...]], tmp_path: Path, words: list[str], code: int, message: str
) -> None:
    ended, text = call(*words)
    assert ended == code
    assert message in text
    assert (tmp_path / "Pulumi.trial.yaml").read_text() == FILE
    assert runs == []
