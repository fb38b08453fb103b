"""What a run records of its releases, and how they are shown."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli import __main__ as command
from cli import git
from cli.release import history, releases
from cli.release.history import Recorder
from cli.show.run import Run
from cli.show.views import PlainView
from tests.waiting import eventually

from ..releasing import CONTAINER, GATE, SERVICE, ended, failed, new_image

BLOCKS: dict[str, dict[str, Any]] = {"legal": {"app": {"image": "r.test/o/app:2@sha256:2"}}, "auth": {}}
INTERRUPT = {"stdoutEvent": {"message": "^C received; cancelling."}}


class Host:
    """Records what a run sends to it, or refuses it."""

    def __init__(self, reason: str = "") -> None:
        self.reason = reason
        self.records: list[dict[str, Any]] = []

    def send(self, stdin: str) -> str:
        self.records.append(json.loads(stdin))
        return self.reason


def run(host: Host, *events: dict[str, Any]) -> Run:
    begun = Run(Recorder(PlainView(), "deploy", BLOCKS, host.send))
    for event in events:
        begun.read(event)
    return begun


def test_a_release_is_recorded_from_its_first_step_on_under_one_name() -> None:
    host = Host()
    begun = run(host, SERVICE, new_image("legal-app", "app@sha256:1", "app@sha256:2"), CONTAINER)
    eventually(lambda: host.records)
    [first] = host.records
    assert first["services"].keys() == {"legal"}
    assert (first["command"], first["services"]["legal"]["result"]) == ("deploy", "running")
    assert first["who"].count("@") == 1
    begun.read(ended(CONTAINER))
    begun.finish(0)
    last = host.records[-1]
    assert last["run"] == first["run"]
    expected = {"result": "serves", "images": {"app": "app@sha256:2"}, "tags": {"app": "r.test/o/app:2"}, "error": ""}
    assert expected.items() <= last["services"]["legal"].items()


def test_a_release_is_recorded_again_and_again_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "BEAT_S", 0.01)
    host = Host()
    begun = run(host, SERVICE, CONTAINER)
    eventually(lambda: len(host.records) > 3)
    begun.finish(0)
    assert [each["services"]["legal"]["result"] for each in host.records][-2:] == ["running", "serves"]


def test_an_interrupted_run_is_not_a_failed_one() -> None:
    declared = {
        "diagnosticEvent": {
            "severity": "debug",
            "message": "registering resource: ty=a:b:C, name=legal-retire, custom=True",
        }
    }
    host = Host()
    run(host, SERVICE, declared, CONTAINER, INTERRUPT, ended(CONTAINER)).finish(255)
    assert host.records[-1]["services"]["legal"]["result"] == "interrupted"
    host = Host()
    run(host, SERVICE, GATE, *failed(GATE, "legal/app: died; its last lines:\n boom")).finish(255)
    assert host.records[-1]["services"]["legal"]["result"] == "failed"
    assert host.records[-1]["services"]["legal"]["error"] == "legal/app: died"


def test_a_run_that_releases_no_service_records_nothing() -> None:
    host = Host()
    run(host, SERVICE).finish(0)
    assert host.records == []


def test_a_host_that_cannot_record_it_does_not_fail_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(Host("PostgreSQL does not answer"), SERVICE, CONTAINER, ended(CONTAINER)).finish(0) == 0
    assert "history: this run is not in it: PostgreSQL does not answer" in capsys.readouterr().err


def test_a_release_is_shown_with_who_when_what_and_how_it_ended() -> None:
    release = {
        "service": "legal", "number": 7, "begun": "2026-11-24T03:15:00+01:00", "seconds": 12.4, "result": "failed",
        "command": "deploy", "who": "anna@laptop", "commit": "c0ffee", "error": "legal/app: died",
        "images": {"app": f"r.test/o/app@sha256:{'2' * 64}"}, "commits": {"app": "abcdef0123456789-dirty"},
    }  # fmt: skip
    assert [str(line) for line in releases.lines(release)] == [
        "legal 7  2026-11-24 02:15 UTC  failed  12 s  deploy by anna@laptop c0ffee",
        "  app 222222222222 (abcdef012345-dirty)",
        "  legal/app: died",
    ]


def test_only_the_newest_good_release_of_each_service_serves_still(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = [("legal", "failed"), ("legal", "serves"), ("auth", "serves"), ("legal", "serves"), ("auth", "serves")]
    rows = [{"service": service, "result": result} for service, result in kept]
    monkeypatch.setattr(history, "read", lambda *_: rows)
    said = CliRunner().invoke(command.app, ["releases", "--json"])
    results = [each["result"] for each in json.loads(said.output)]
    assert results == ["failed", "serves", "serves", "served", "served"]


def test_the_releases_fit_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=io.StringIO(), width=40, force_terminal=True, color_system=None, highlight=False)
    release = {
        "service": "legal", "number": 7, "begun": "2026-11-24T03:15:00+01:00", "seconds": 12.4, "result": "failed",
        "command": "deploy", "who": "anna@laptop", "commit": "c0ffee", "error": "not healthy " * 10,
        "images": {}, "commits": {},
    }  # fmt: skip
    monkeypatch.setattr(releases, "terminal", lambda: screen)
    monkeypatch.setattr(history, "read", lambda *_: [release])
    releases.show("local", "", as_json=False)
    assert isinstance(screen.file, io.StringIO)
    lines = screen.file.getvalue().splitlines()
    assert lines[:2] == ["legal 7  2026-11-24 02:15 UTC  failed", "    12 s  deploy by anna@laptop c0ffee"]
    assert max(map(len, lines)) <= 40


def test_the_commit_of_a_checkout_is_marked_if_its_files_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(git, "ROOT", tmp_path)
    assert git.commit() == ""
    for words in (["init", "-q"], ["config", "user.email", "a@b"], ["config", "user.name", "a"], ["add", "."]):
        (tmp_path / "file").write_text("one")
        assert git.run(tmp_path, *words).returncode == 0
    git.commit_file(tmp_path / "file", "one")
    clean = git.commit()
    assert len(clean) == 12
    (tmp_path / "file").write_text("two")
    assert git.commit() == f"{clean}+changes"
