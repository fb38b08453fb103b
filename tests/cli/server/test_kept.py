"""`destroy` removes the volumes that the engine has kept, wherever they are."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import __main__ as command
from cli.engine import engine, runner
from cli.server import kept, reach
from components.machine import host_program

KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAA"
HOSTS = {
    "local": "{kind: local}",
    "ssh": f"{{kind: ssh, address: 203.0.113.7, user: root, host_key: {KEY}}}",
    "hetzner": "{kind: hetzner}",
}


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were called, in a folder that stands in for the project."""
    calls: list[list[str]] = []

    def run(words: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        calls.append(words)
        return subprocess.CompletedProcess(words, 1 if (tmp_path / "fails").exists() else 0, "said\n", "")

    for module in (engine, reach, kept):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(subprocess, "run", run)
    return calls


def stack(tmp_path: Path, kind: str) -> None:
    (tmp_path / "Pulumi.trial.yaml").write_text(f"config:\n  sertantai:host: {HOSTS[kind]}\n")


def test_they_are_removed_by_the_program_on_this_machine(tmp_path: Path, called: list[list[str]]) -> None:
    stack(tmp_path, "local")
    assert kept.remove_volumes("pulumi", "trial")
    assert called == [[*host_program.LOCAL_COMMAND, "volumes-remove trial"]]


def test_they_are_removed_by_the_program_on_a_host_over_ssh(tmp_path: Path, called: list[list[str]]) -> None:
    stack(tmp_path, "ssh")
    assert kept.remove_volumes("pulumi", "trial")
    [[*ssh, line]] = called
    assert (ssh[:2], ssh[-1], line) == (["ssh", "-F"], host_program.COMMAND, "volumes-remove trial")


def test_they_are_gone_with_the_disk_of_a_created_server(tmp_path: Path, called: list[list[str]]) -> None:
    stack(tmp_path, "hetzner")
    assert kept.remove_volumes("pulumi", "trial")
    assert called == []


@pytest.mark.parametrize(("engine_code", "expected"), [(0, ["trial"]), (1, [])])
def test_destroy_removes_them_once_everything_else_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, engine_code: int, expected: list[str]
) -> None:
    stack(tmp_path, "local")
    removed: list[str] = []

    def remove(cli: str, name: str) -> bool:
        removed.append(name)
        return True

    monkeypatch.setattr(runner, "find_or_install", lambda: "pulumi")
    monkeypatch.setattr(runner, "run_quietly", lambda *_: None)
    monkeypatch.setattr(runner, "check_host", lambda *_: None)
    monkeypatch.setattr(runner.Command, "run", lambda *_, **__: engine_code)
    monkeypatch.setattr(kept, "remove_volumes", remove)
    monkeypatch.setattr(reach, "ROOT", tmp_path)
    assert CliRunner().invoke(command.app, ["destroy", "--stack", "trial", "--yes"]).exit_code == engine_code
    assert removed == expected


def test_a_destroy_that_leaves_volumes_has_failed(tmp_path: Path, called: list[list[str]]) -> None:
    stack(tmp_path, "local")
    (tmp_path / "fails").touch()
    assert not kept.remove_volumes("pulumi", "trial")
