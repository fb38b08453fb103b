"""A server whose shell prints something of its own is named as that, by every command that reads an answer of it."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.data import recover
from cli.server import at_host
from cli.stack import services
from cli.status import status

NOISY = ["sh", "-c", "cat > /dev/null; echo 'Welcome to prod'; echo '{\"problems\": []}'"]
SAID = "server: does not run commands as expected; `./sertantai ssh`: what does its shell print?"


@pytest.mark.parametrize(
    "words",
    [
        "releases",
        "rollback legal --yes",
        "status",
        "backup status",
        "backup now",
        "backup verify",
        "recover --database legal",
    ],
)
def test_it_is_a_message_and_no_traceback(words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    block = "{app: {image: 'app:1', port: 4000}, database: {name: legal}}"
    (tmp_path / "Pulumi.trial.yaml").write_text(
        f"config: {{sertantai:backup: {{volume: b}}, sertantai:services: {{legal: {block}}}}}"
    )
    for module in (services, recover):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(status, "parse", lambda *_: None)
    monkeypatch.setattr(status, "declared", lambda _: {})
    monkeypatch.setattr(at_host, "find_program", lambda _: NOISY)
    ran = CliRunner().invoke(command.app, [*words.split(), "--stack", "trial"])
    assert (ran.exit_code, type(ran.exception)) == (1, SystemExit)
    assert SAID in ran.output
