"""`./sertantai backup`: one screen, the exit code, and the keys."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.data import backup_files, backup_keys
from cli.engine import state
from cli.refused import Refused
from cli.server import at_host
from cli.stack import services

STATUS: dict[str, Any] = {
    "repositories": {
        "repository": {
            "kind": "sftp",
            "backups": [
                {"label": "20261122-021500F", "type": "full", "ended": "2026-11-22T02:16:00Z", "size": 802_000_000},
                {"label": "20261122-021500F_1D", "type": "diff", "ended": "2026-11-24T00:15:40Z", "size": 12_000_000},
            ],
            "ranges": [{"from": "2026-11-01T02:16:00Z", "to": "2026-11-24T03:15:10Z", "timeline": 1}],
            "error": None,
        }
    },
    "archive": {"last_wal": "0", "last_time": "2026-11-24T03:15:10Z", "waiting": 0, "error": None},
    "verify": {"at": "2026-11-24T04:30:00Z", "took_s": 31.2, "result": "good", "reached": "2026-11-24T04:30:02Z"},
    "keys_printed": True,
    "problems": [],
}


@pytest.fixture
def verbs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """The verbs that were called on the host."""
    called: list[tuple[str, ...]] = []
    databases = {"legal": {"result": "bad", "rows": 1200, "tables": 3}}

    def read(stack: str, *words: str) -> str:
        called.append(words)
        return json.dumps({"label": "20261124-031500F", "result": "bad", "databases": databases, "error": "differs"})

    def run(stack: str, *words: str) -> int:
        called.append(words)
        return 0

    monkeypatch.setattr(at_host, "read", read)
    monkeypatch.setattr(at_host, "run", run)
    return called


def shown(monkeypatch: pytest.MonkeyPatch, status: dict[str, Any], *options: str) -> tuple[int, str]:
    monkeypatch.setattr(at_host, "read", lambda *_: json.dumps(status))
    result = CliRunner().invoke(command.app, ["backup", "status", "--stack", "prod", *options])
    return result.exit_code, result.stdout


def test_a_good_state_is_one_screen_with_the_range_and_the_last_test(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = shown(monkeypatch, STATUS)
    assert code == 0
    for words in ("2026-11-01 02:16:00 to 2026-11-24 03:15:10", "restore test: good", "recovered to", "nothing waits"):
        assert words in text
    assert len(text.splitlines()) < 24


def test_a_problem_is_shown_and_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = shown(monkeypatch, {**STATUS, "problems": ["backup/repository: cannot be reached"]})
    assert code == 1
    assert "problem: backup/repository: cannot be reached" in text


def test_without_a_container_the_problem_is_all(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = shown(monkeypatch, {"problems": ["backup: its container does not run"]})
    assert (code, text.strip()) == (1, "problem: backup: its container does not run")


@pytest.mark.parametrize("verb", ["status", "now", "verify"])
def test_a_stack_that_declares_none_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verbs: list[tuple[str, ...]], verb: str
) -> None:
    (tmp_path / "Pulumi.trial.yaml").write_text("config: {sertantai:host: {kind: local}}\n")
    monkeypatch.setattr(services, "ROOT", tmp_path)
    result = CliRunner().invoke(command.app, ["backup", verb, "--stack", "trial"])
    assert (result.exit_code, result.output) == (1, "backup: is not declared: docs/backups.md\n")
    assert verbs == []


def test_for_machines_it_is_the_same_json(monkeypatch: pytest.MonkeyPatch) -> None:
    code, text = shown(monkeypatch, STATUS, "--json")
    assert (code, json.loads(text)) == (0, STATUS)


def test_a_backup_and_a_test_can_be_asked_for(verbs: list[tuple[str, ...]]) -> None:
    results = [
        CliRunner().invoke(command.app, ["backup", *words, "--stack", "prod"])
        for words in (["now"], ["now", "--full"], ["verify"])
    ]
    assert [result.exit_code for result in results] == [0, 0, 1], "a bad test is not good"
    container = "sertantai-prod-backup"
    assert verbs == [
        ("backup-call", container, "backup", "diff"),
        ("backup-call", container, "backup", "full"),
        ("backup-call", container, "verify"),
    ]


def test_the_files_of_a_service_are_restored_next_to_the_live_ones(
    verbs: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Pulumi.trial.yaml").write_text(
        "config: {sertantai:services: {legal: {app: {volumes: {files: /a, other: /b}}}, auth: {app: {}}}}"
    )
    monkeypatch.setattr(backup_files, "ROOT", tmp_path)

    def call(*words: str) -> int:
        return CliRunner().invoke(command.app, ["backup", "files", *words, "--stack", "trial"]).exit_code

    assert call("legal", "--at", "2026-11-24 03:15") == 0
    assert call("letsencrypt") == 0
    assert verbs == [
        ("files-restore", "trial", "legal-files", "--at", "2026-11-24 03:15"),
        ("files-restore", "trial", "legal-other", "--at", "2026-11-24 03:15"),
        ("files-restore", "trial", "letsencrypt"),
    ]
    assert call("auth") == call("nobody") == 1


def test_the_files_are_one_line_of_the_status(monkeypatch: pytest.MonkeyPatch) -> None:
    volumes = {"legal-files": {"newest": "2026-11-24T03:30:00Z"}, "letsencrypt": {"newest": "2026-11-24T03:31:00Z"}}
    files = {"repositories": {"repository": {"volumes": volumes}}, "verify": STATUS["verify"]}
    assert "files: 2 volumes, newest snapshots" in shown(monkeypatch, {**STATUS, "files": files})[1]
    volumes["letsencrypt"] = {}
    assert "newest snapshots not of all volumes" in shown(monkeypatch, {**STATUS, "files": files})[1]


def test_printed_keys_are_recorded_on_the_host(verbs: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_keys, "lines", lambda _: ["a line"])
    result = CliRunner().invoke(command.app, ["backup", "keys", "--stack", "prod"])
    assert result.output.startswith("a line\n")
    assert verbs == [("backup-call", "sertantai-prod-backup", "keys-printed")]


def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    (tmp_path / "Pulumi.trial.yaml").write_text(text)
    monkeypatch.setattr(backup_keys, "ROOT", tmp_path)
    monkeypatch.setattr(backup_keys, "REHEARSED", tmp_path / ".rehearsal")


DECLARED = """config:
  sertantai:host: {kind: local}
  sertantai:backup: {repository: {kind: s3, bucket: copies}}
  sertantai:backup_s3_key: "key of the bucket"
  sertantai:backup_sftp_key: "-----BEGIN OPENSSH PRIVATE KEY-----"
  sertantai:services: {legal: {}, auth: {}}
"""


def test_the_keys_are_those_of_the_file_and_the_generated_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack(tmp_path, monkeypatch, DECLARED)
    monkeypatch.setattr(backup_keys, "find_or_install", lambda: None)
    folder = tmp_path / ".rehearsal" / "trial"
    folder.mkdir(parents=True)
    made = {backup_keys.GENERATED["backup_passphrase"]: "pass", "legal-key": "k" * 64, "legal-app-password": "other"}
    resources = [
        {"type": backup_keys.PASSWORD, "name": name, "outputs": {"result": {"[secret]": value}}}
        for name, value in made.items()
    ]
    (folder / "state.json").write_text(json.dumps({"made": resources, "replaced": []}))
    text = "\n".join(backup_keys.lines("trial"))
    assert "#   repository: {kind: s3, bucket: copies}" in text
    for key, value in (
        ("backup_passphrase", "pass"),
        ("legal_SECRET_KEY_BASE", "k" * 64),
        ("backup_s3_key", "'key of the bucket'"),
        ("backup_sftp_key", "'-----BEGIN OPENSSH PRIVATE KEY-----'"),
    ):
        assert f"pulumi config set --stack trial --secret {key} -- {value}" in text
    assert "other" not in text


def test_the_engines_state_and_configuration_are_read_with_their_secrets(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack(tmp_path, monkeypatch, DECLARED)
    result = {"plaintext": json.dumps("pass")}
    name = backup_keys.GENERATED["backup_passphrase"]
    resource = {"type": backup_keys.PASSWORD, "urn": f"urn:pulumi:t::p::a$b::{name}", "outputs": {"result": result}}
    answers = {
        "stack": json.dumps({"deployment": {"resources": [resource]}}),
        "config": json.dumps(
            {
                "sertantai:legal_SECRET_KEY_BASE": {"value": "own", "secret": True},
                "sertantai:host": {"value": "{}", "secret": False},
            }
        ),
    }
    monkeypatch.setattr(backup_keys, "find_or_install", lambda: "pulumi")
    monkeypatch.setattr(state, "call", lambda _cli, _stack, *words, failed: answers[words[0]])
    commands = [line for line in backup_keys.lines("trial") if line.startswith("pulumi")]
    assert [line.split()[6:] for line in commands] == [
        ["backup_passphrase", "--", "pass"],
        ["legal_SECRET_KEY_BASE", "--", "own"],
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("config: {sertantai:host: {kind: local}}\n", "backup: is not declared"),
        (DECLARED, "trial: has no state here: run up first"),
    ],
)
def test_without_backups_or_state_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    stack(tmp_path, monkeypatch, text)
    monkeypatch.setattr(backup_keys, "find_or_install", lambda: None)
    with pytest.raises(Refused, match=message):
        backup_keys.lines("trial")
