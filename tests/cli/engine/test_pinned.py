"""Which Pulumi CLI runs: the one on PATH if it is new enough, otherwise a pinned one, otherwise none."""

import socket
import urllib.error
from pathlib import Path

import pytest
from pulumi.automation import PulumiCommand

from cli.engine import pinned, runner
from tests.places import ROOT


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a CLI, where none can be installed."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path}/bin")  # /usr/bin may have one
    monkeypatch.setattr(pinned, "ROOT", tmp_path)
    monkeypatch.setattr(pinned, "FOLDER", tmp_path / ".pulumi")
    monkeypatch.setattr(pinned, "INSTALLED", tmp_path / ".pulumi/versions/3.272.0/bin/pulumi")

    def unreachable() -> None:
        assert socket.getdefaulttimeout() == pinned.REACH_TIMEOUT_S
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(PulumiCommand, "install", unreachable)
    return tmp_path


def program(file: Path, version: str) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"#!/bin/sh\necho asked >> {file}.asked\necho {version}\n")
    file.chmod(0o755)
    return str(file)


@pytest.mark.parametrize("version", ["v3.260.0", "v3.301.2", "v4.0.0-alpha.1"])
def test_a_cli_on_path_is_used_if_it_is_new_enough(home: Path, version: str) -> None:
    on_path = program(home / "bin/pulumi", version)
    assert pinned.find_or_install() == on_path


def test_its_version_is_read_once(home: Path) -> None:
    on_path = program(home / "bin/pulumi", "v3.260.0")
    assert [pinned.find_or_install(), pinned.find_or_install()] == [on_path, on_path]
    assert (home / "bin/pulumi.asked").read_text().splitlines() == ["asked"]
    program(home / "bin/pulumi", "v3.1.0 ")
    assert pinned.find_or_install() is None, "it is another one now"


@pytest.mark.parametrize("version", ["v3.259.9", "v2.300.0", "not a version"])
def test_the_pinned_one_replaces_an_old_one_on_path(home: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program(home / "bin/pulumi", version)
    assert pinned.find_or_install() is None
    monkeypatch.setattr(PulumiCommand, "install", lambda: program(pinned.INSTALLED, "v3.272.0"))
    assert pinned.find_or_install() == str(pinned.INSTALLED)


def test_one_that_was_installed_is_not_installed_again(home: Path) -> None:
    program(pinned.INSTALLED, "v3.272.0")
    assert pinned.find_or_install() == str(pinned.INSTALLED)


@pytest.mark.parametrize("content", [b"", b"\x7fELF", b"#!/nowhere\n"])
def test_an_incomplete_installation_is_repeated(home: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    program(pinned.INSTALLED, "v3.272.0")
    pinned.INSTALLED.write_bytes(content)
    assert pinned.find_or_install() is None
    monkeypatch.setattr(PulumiCommand, "install", lambda: program(pinned.INSTALLED, "v3.272.0"))
    assert pinned.find_or_install() == str(pinned.INSTALLED)


def test_the_pinned_one_has_the_sdks_version() -> None:
    assert f"pulumi=={pinned.PINNED}\n" in (ROOT / "requirements.txt").read_text()


def test_without_a_cli_the_rehearsal_runs_and_reports_it_in_one_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(runner.Command, "rehearse", lambda self, *words: 3)
    assert runner.Command("up", "local").run("up") == 3
    [line] = capsys.readouterr().err.splitlines()
    assert line == (
        f"No Pulumi CLI 3.260.0 or newer is installed, and {pinned.PINNED} cannot be downloaded: rehearsing."
    )
