"""Which secrets exist is shown, their values never; a new one is generated, or typed and passed by stdin."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli import __main__ as command
from cli.data.backup_keys import PASSWORD
from cli.engine import engine, runner, state
from cli.stack import rotate, secrets, services

FILE = """config:
  sertantai:host: {kind: hetzner}
  sertantai:registry: {server: ghcr.io, username: me}
  sertantai:registry_token: {secure: v1:cipher-of-the-token}
  sertantai:legal_STRIPE_KEY: {secure: v1:cipher-of-stripe}
  sertantai:auth_DATABASE_PASSWORD: {secure: v1:cipher-of-auth}
  sertantai:services:
    legal: {database: {name: legal}, app: {secrets: [STRIPE_KEY, OTHER_KEY]}}
    auth: {database: {name: auth}, app: {}}
"""


def made(name: str) -> dict[str, Any]:
    urn = f"urn:pulumi:prod::sertantai::sertantai:service:Service${PASSWORD}::{name}"
    return {"type": PASSWORD, "urn": urn, "created": "2026-11-01T10:00:00Z", "outputs": {"result": "value-of-it"}}


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """What the CLI and the engine are asked for. The stdin of a call is its last word."""
    asked: list[list[str]] = []
    (tmp_path / "Pulumi.prod.yaml").write_text(FILE)
    for module in (services, secrets):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    for module in (rotate, secrets):
        monkeypatch.setattr(module, "find_or_install", lambda: "pulumi")
    names = ("legal-key", "legal-database-password", "auth-key", "auth-database-password", "backup-passphrase")
    monkeypatch.setattr(state, "resources", lambda *_: [made(name) for name in names])

    def call(_cli: str, _stack: str, *words: str, failed: str, stdin: str = "") -> str:
        asked.append([*words, stdin])
        return ""

    def run(self: runner.Command, *words: str) -> int:
        asked.append([self.verb, *words])
        return 0

    monkeypatch.setattr(state, "call", call)
    monkeypatch.setattr(runner.Command, "run", run)
    return asked


def call(*words: str, stdin: str = "") -> tuple[Result, str]:
    with engine.console.capture() as shown:
        result = CliRunner().invoke(command.app, ["secrets", *words, "--stack", "prod"], input=stdin)
    return result, " ".join((shown.get() + result.output).split())


def test_the_secrets_of_all_are_shown_and_no_value(runs: list[list[str]]) -> None:
    result, _ = call()
    text = " ".join(result.stdout.split())
    assert result.exit_code == 1, "OTHER_KEY is missing"
    assert "platform registry_token stack file" in text
    assert "legal SECRET_KEY_BASE generated 2026-11-01" in text
    assert "legal OTHER_KEY missing" in text
    assert "cipher" not in text
    assert "value-of-it" not in text


def test_one_in_the_stack_file_replaces_the_generated_one(runs: list[list[str]]) -> None:
    result, _ = call("auth", "--json")
    assert result.exit_code == 0
    sources = {each["name"]: each["source"] for each in json.loads(result.output)}
    assert sources == {"SECRET_KEY_BASE": "generated", "DATABASE_PASSWORD": "stack file"}


def test_one_of_the_stack_file_is_typed_twice_and_travels_by_stdin(runs: list[list[str]]) -> None:
    result, text = call("rotate", "legal", "STRIPE_KEY", stdin="sk_new\nsk_new\n")
    assert result.exit_code == 0
    assert runs == [["config", "set", "--secret", "sertantai:legal_STRIPE_KEY", "sk_new"]]
    assert "sk_new" not in text
    assert "With the next `up`, these restart: legal: the app." in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["legal", "STRIPE_KY"], "STRIPE_KY: legal has no such secret; did you mean STRIPE_KEY?"),
        (["platform", "BACKUP_PASSPHRASE"], "BACKUP_PASSPHRASE: without it nobody reads the backups that exist"),
        (["legl", "STRIPE_KEY"], "legl: Pulumi.prod.yaml has no such service; did you mean legal?"),
    ],
)
def test_what_cannot_be_rotated_is_refused(runs: list[list[str]], words: list[str], message: str) -> None:
    result, _ = call("rotate", *words)
    assert result.exit_code == 1
    assert message in result.stderr
    assert runs == []
