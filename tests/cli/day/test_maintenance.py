"""Maintenance is one line of the stack file and one step."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli import __main__ as command
from cli.day import maintenance
from cli.engine import engine, runner, state
from cli.refused import Refused
from cli.server import hetzner
from cli.stack import services

from ..releasing import Project, digest, image, new_project

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
    monkeypatch.setattr(state, "resources", lambda *_: [])
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
    assert "the new setting, and the site may not: run `./sertantai maintenance on legal --stack trial` again" in said


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


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = new_project(tmp_path, monkeypatch)
    for name, value in {"ROOT": tmp_path, "find_or_install": lambda: str(tmp_path / "pulumi")}.items():
        monkeypatch.setattr(maintenance, name, value)
    project.file.write_text(project.file.read_text().replace("legal: #", "legal:\n      domain: legal.example.org #"))
    return project


@pytest.mark.parametrize("error", [Refused("host/address: is it up?"), KeyboardInterrupt()])
def test_a_host_that_cannot_be_reached_leaves_the_new_setting_and_the_operator_reads_so(
    project: Project, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(runner, "check_host", refuse)
    with engine.console.capture() as shown:
        assert call("on", "legal")[0] != 0
    assert setting(project.folder) is True
    assert "Pulumi.trial.yaml has the new setting, and the site may not" in " ".join(shown.get().split())


def test_a_site_closes_while_the_registry_is_down(project: Project) -> None:
    project.state(image("legal-app", f"r.test/o/app@{digest('a')}"), image("nginx", f"nginx@{digest('b')}", ""))
    assert call("on", "legal")[0] == 0
    [called] = project.calls
    assert f'running={{"nginx:1": "{digest("b")}", "r.test/o/app:1": "{digest("a")}"}}' in called


def test_a_server_that_does_not_answer_is_neither_started_nor_changed(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    monkeypatch.setattr(runner, "check_host", lambda *_: False)
    monkeypatch.setattr(hetzner, "start_server", lambda *words: started.append(words))
    project.file.write_text(project.file.read_text().replace("kind: local", "kind: hetzner"))
    assert call("on", "legal")[0] == 1
    assert started == []
    assert project.calls == []
