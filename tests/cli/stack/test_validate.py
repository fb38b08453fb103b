"""A stack file is checked whole and offline: all mistakes at once, and warnings."""

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from cli import __main__ as command
from cli.stack import services
from tests.places import ROOT


def validate(stack: str) -> tuple[int, str]:
    result = CliRunner().invoke(command.app, ["validate", "--stack", stack])
    return result.exit_code, " ".join(result.stdout.split())


@pytest.mark.parametrize("stack", ["local", "prod"])
def test_the_committed_stacks_have_no_mistakes(stack: str) -> None:
    code, text = validate(stack)
    assert code == 0, text
    assert f"Pulumi.{stack}.yaml has no mistakes. Services: legal, " in text


def test_secrets_that_are_not_filled_in_are_one_warning() -> None:
    text = validate("prod")[1]
    assert text.count("warning:") == 1
    assert "hcloud:token, registry_token, " in text


def test_all_mistakes_are_shown_at_once_those_of_the_token_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    document = yaml.safe_load((ROOT / "Pulumi.prod.yaml").read_text())
    document["config"]["hcloud:token"] = "short"
    document["config"]["sertantai:services"]["auth"]["app"]["prot"] = 1
    document["config"]["sertantai:nginx"]["http_port"] = 8080
    (tmp_path / "Pulumi.trial.yaml").write_text(yaml.safe_dump(document))
    monkeypatch.setattr(services, "ROOT", tmp_path)
    code, text = validate("trial")
    assert code == 1
    for mistake in (
        "Pulumi.trial.yaml has 4 mistakes:",
        "services/auth/app/prot: is not a known setting; did you mean port?",
        "nginx/http_port: the server's firewall opens 80 alone",
        "hcloud:token: has 5 characters",
        "hcloud:token: is a secret in plain text",
    ):
        assert mistake in text
