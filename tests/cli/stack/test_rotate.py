"""A new generated secret is a release of its service alone: planned, confirmed, and in the history."""

from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.data.backup_keys import PASSWORD
from cli.engine import engine
from cli.stack import rotate, secrets

from ..releasing import CONTAINER, OWN, SERVICE, Project, digest, failed, image, new_project, resource, step

KEY = f"{OWN}${PASSWORD}::legal-key"
SHARED = f"urn:pulumi:trial::sertantai::{PASSWORD}::redis-password"
REPLACED = step("legal-key", "replace", PASSWORD)
TARGETS = f"--target {OWN}**::legal --target {OWN}$**::legal-* --target **::host-program"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    project = new_project(tmp_path, monkeypatch)
    for module in (rotate, secrets):
        monkeypatch.setattr(module, "find_or_install", lambda: str(tmp_path / "pulumi"))
    monkeypatch.setattr(secrets, "ROOT", tmp_path)
    made: list[dict[str, Any]] = [resource(PASSWORD, KEY, "", f"{OWN}::legal"), resource(PASSWORD, SHARED, "")]
    project.state(*made, image("legal-app", f"r.test/o/app@{digest('a')}"))
    return project


def call(*words: str, stdin: str = "") -> tuple[int, str]:
    with engine.console.capture() as shown:
        result = CliRunner().invoke(command.app, ["secrets", "rotate", *words, "--stack", "trial"], input=stdin)
    return result.exit_code, " ".join((shown.get() + result.output).split())


def test_only_its_service_is_released_and_no_other_image_and_the_history_has_who_and_why(project: Project) -> None:
    project.engine(0, up=[SERVICE, REPLACED, CONTAINER])
    code, text = call("legal", "SECRET_KEY_BASE", "--yes")
    assert code == 0
    assert "Restarts: legal: the app, whose users log in again" in text
    [called] = project.calls
    assert f"{TARGETS} --replace {KEY}" in called
    assert f'running={{"r.test/o/app:1": "{digest("a")}"}}' in called
    assert project.recorded[-1]["command"] == "rotate"
    assert project.recorded[-1]["services"].keys() == {"legal"}


def test_the_plan_is_of_that_service_and_is_confirmed(project: Project) -> None:
    project.engine(0, preview=[SERVICE, REPLACED, CONTAINER], up=[])
    code, text = call("legal", "SECRET_KEY_BASE", stdin="y\n")
    assert code == 0
    assert "legal" in text
    preview, up = project.calls
    assert preview.startswith(f"preview {TARGETS} --replace {KEY} ")
    assert f"{TARGETS} --replace {KEY} " in up


def test_without_consent_nothing_is_replaced(project: Project) -> None:
    project.engine(0, preview=[SERVICE, REPLACED])
    assert call("legal", "SECRET_KEY_BASE", stdin="n\n")[0] == 1
    assert [line.split()[0] for line in project.calls] == ["preview"]


def test_a_failure_says_which_release_serves_and_what_to_run(project: Project) -> None:
    gate = step("legal-app-gate", "update")
    project.engine(1, up=[SERVICE, REPLACED, gate, *failed(gate, "is not healthy")])
    code, text = call("legal", "SECRET_KEY_BASE", "--yes")
    assert code == 1
    assert "legal: the release before still serves" in text
    assert "`./sertantai secrets rotate legal SECRET_KEY_BASE --stack trial` continues from here" in text


def test_a_shared_secret_is_an_up_of_everything_so_its_plan_is_always_confirmed(project: Project) -> None:
    code, text = call("platform", "REDIS_ADMIN_PASSWORD", "--yes")
    assert code == 1
    assert "--yes: REDIS_ADMIN_PASSWORD is shared, so this is an `up` of all that has changed" in text
    assert project.calls == []
    project.engine(0, preview=[SERVICE, CONTAINER], up=[])
    assert call("platform", "REDIS_ADMIN_PASSWORD", stdin="y\n")[0] == 0
    assert [line.split()[0] for line in project.calls] == ["preview", "up"]
    assert all("--target" not in line and f"--replace {SHARED}" in line for line in project.calls)
