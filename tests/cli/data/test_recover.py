"""`./sertantai recover`: the order of what it does, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.data import backup_files, protection, recover
from cli.engine import engine, state
from cli.refused import Refused
from cli.server import at_host

STACK = """config:
  sertantai:host: {kind: local}
  sertantai:postgres: {image: postgres}  # the platform's
  sertantai:services:
    legal: {database: {name: legal_prod}, app: {volumes: {files: /app/priv/files}}}
    copy: {database: {of: legal}}
"""
COMPARED: dict[str, Any] = {
    "id": "20261124T031500Z",
    "volume": "sertantai-trial-postgres-20261124T031500Z",
    "reached": "2026-11-24 03:14:59.5",
    "now": "2026-11-24 04:00:00",
    "only_here": ["later"],
    "only_there": [],
    "databases": {"legal_prod": {"equal": 3, "differ": {"public.laws": [100, None], "public.items": [5, 1200]}}},
}


class Host:
    """What was done, in order; verbs that begin with a word of `fails` fail."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.stdin = ""
        self.fails: tuple[str, ...] = ()

    def run(self, stack: str, *words: str, stdin: str = "") -> int:
        self.done.append(" ".join(words))
        self.stdin = stdin
        return 1 if words[0] in self.fails else 0

    def up(self, stack: str) -> int:
        return self.run(stack, "up")


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    (tmp_path / "Pulumi.trial.yaml").write_text(STACK)
    host = Host()
    monkeypatch.setattr(recover, "ROOT", tmp_path)
    monkeypatch.setattr(backup_files, "ROOT", tmp_path)
    monkeypatch.setattr(at_host, "run", host.run)
    monkeypatch.setattr(at_host, "read", lambda *_: json.dumps(COMPARED))
    monkeypatch.setattr(recover, "_up", host.up)
    monkeypatch.setattr(recover, "find_or_install", lambda: "pulumi")
    monkeypatch.setattr(recover, "forget_steps", lambda *_: host.done.append("forget the steps"))
    monkeypatch.setattr(protection, "check", lambda *_: host.done.append("check"))
    monkeypatch.setattr(protection, "lift", lambda *words: host.done.append(f"lift {words[-1]}"))
    return host


def called(*words: str, answer: str = "") -> tuple[int, str]:
    with engine.console.capture() as capture:
        result = CliRunner().invoke(command.app, ["recover", "--stack", "trial", *words], input=answer)
    return result.exit_code, result.output + capture.get()


def test_a_moment_is_built_first_and_shown_with_what_would_be_lost(host: Host) -> None:
    code, text = called("--to", "2026-11-24 05:15+02:00")
    assert code == 0
    assert host.done == ["recover-build trial 2026-11-24T03:15:00.000000+00:00"]
    for words in ("public.laws", "1,200", "later", "did not exist then", "45 minutes further", "docker exec -it"):
        assert words in text


def test_a_restore_points_name_is_passed_as_it_is(host: Host) -> None:
    assert called("--to", "legal-20261124T031500Z")[0] == 0
    assert host.done == ["recover-build trial legal-20261124T031500Z"]


def test_a_text_that_is_no_time_never_reaches_the_host(host: Host) -> None:
    code, text = called("--to", "yesterday")
    assert (code, host.done) == (1, [])
    assert "--to: yesterday is neither a time" in " ".join(text.split())


def test_a_promotion_asks_first(host: Host) -> None:
    assert called("--promote", answer="n\n")[0] == 1
    assert host.done == []


def test_the_protection_is_lifted_after_the_volume_is_ready_and_everything_is_checked_twice(
    host: Host, tmp_path: Path
) -> None:
    assert called("--promote", "--yes")[0] == 0
    volume = COMPARED["volume"]
    assert host.done == [
        "check",
        f"recover-promote trial {volume}",
        "check",
        f"lift {volume}",
        "up",
        "recover-settle trial",
        "up",
    ]
    assert f"{{image: postgres, volume: {volume}}}  # the platform's" in (tmp_path / "Pulumi.trial.yaml").read_text()


def test_an_interrupted_promotion_continues(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    volume = COMPARED["volume"]
    monkeypatch.setattr(
        at_host, "read", lambda *_: json.dumps({"volume": volume, "prepared": "2026-11-24T03:20:00+00:00"})
    )
    code, text = called("--promote", "--yes")
    assert (code, host.done[-3:]) == (0, ["up", "recover-settle trial", "up"])
    assert f"A promotion to {volume} of 2026-11-24T03:20:00 UTC was interrupted" in " ".join(text.split())


@pytest.mark.parametrize("verb", ["recover-promote", "up"])
def test_a_failed_step_ends_it(host: Host, verb: str) -> None:
    host.fails = (verb,)
    assert called("--promote", "--yes")[0] == 1
    assert host.done[-1].startswith(verb)


def test_the_way_back_begins_with_the_old_volume(host: Host) -> None:
    assert called("--back", "sertantai-trial-postgres", "--yes")[0] == 0
    assert host.done[0] == "recover-back trial sertantai-trial-postgres"
    assert host.done[-3:] == ["up", "recover-settle trial", "up"]


def test_a_lost_server_gets_the_newest_state_or_an_earlier_one(host: Host) -> None:
    assert called("--lost")[0] == 0
    assert called("--lost", "--to", "2026-11-24 03:15")[0] == 0
    words = ["recover-seed trial newest", "recover-seed trial 2026-11-24T03:15:00.000000+00:00"]
    rest = ["forget the steps", "files-recover trial"]
    assert host.done == [words[0], *rest, words[1], *rest]


def test_the_files_of_a_lost_server_come_back_after_its_databases(host: Host) -> None:
    assert called("--lost")[0] == 0
    assert json.loads(host.stdin) == {"volumes": ["letsencrypt", "legal-files"]}
    host.fails = ("files-recover",)
    code, text = called("--lost")
    assert code == 1
    assert "The databases are recovered and some files are not" in " ".join(text.split())


def test_an_old_volume_is_deleted_only_after_a_yes(host: Host) -> None:
    assert called("--forget", "sertantai-trial-postgres", answer="n\n")[0] == 1
    assert called("--forget", "sertantai-trial-postgres", answer="y\n")[0] == 0
    assert host.done == ["recover-forget trial sertantai-trial-postgres"]


@pytest.mark.parametrize("service", ["copy", "nobody"])
def test_only_a_service_with_a_database_of_its_own_is_dumped(host: Host, service: str) -> None:
    code, text = called("--database", service)
    assert code == 1
    assert f"{service} is no service with a database of its own; these are: legal" in " ".join(text.split())


@pytest.mark.parametrize("words", [[], ["--promote", "--drop"], ["--to", "2026-11-24", "--promote"]])
def test_one_thing_at_a_time(host: Host, words: list[str]) -> None:
    assert called(*words)[0] == 64
    assert host.done == []


def recorded(monkeypatch: pytest.MonkeyPatch, **resource: Any) -> list[tuple[str, ...]]:
    """The engine's state has one volume; returns the commands that change it."""
    changed: list[tuple[str, ...]] = []
    urn = f"urn:pulumi:trial::sertantai::a$docker::{protection.NAME}"
    resources = [{"urn": urn, "type": protection.VOLUME, "inputs": {"name": "old"}, **resource}]

    def call(_cli: str, _stack: str, *words: str, failed: str) -> str:
        if words[:2] != ("stack", "export"):
            changed.append(words)
        return json.dumps({"deployment": {"resources": resources}})

    monkeypatch.setattr(state, "call", call)
    return changed


def test_a_volume_that_the_engine_would_delete_is_never_unprotected(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = recorded(monkeypatch, protect=True)
    with pytest.raises(Refused, match="not marked as one to keep"):
        protection.check("pulumi", "trial")
    with pytest.raises(Refused, match="not marked as one to keep"):
        protection.lift("pulumi", "trial", "new")
    assert changed == []


def test_a_volume_that_is_kept_is_unprotected_for_another_one_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    changed = recorded(monkeypatch, protect=True, retainOnDelete=True)
    protection.lift("pulumi", "trial", "old")
    assert changed == []
    protection.lift("pulumi", "trial", "new")
    assert [words[:2] for words in changed] == [("state", "unprotect")]


def test_the_rehearsal_needs_no_protection_lifted() -> None:
    protection.check(None, "trial")
    protection.lift(None, "trial", "new")
