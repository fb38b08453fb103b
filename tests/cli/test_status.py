"""`./sertantai status`: one screen, one service, a page, JSON, the exit code, and a host that does not answer."""

import copy
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli import __main__ as command
from cli.engine.engine import ROOT
from cli.server import at_host
from cli.stack import services
from cli.status import status, status_screen
from cli.status.status_drift import drift
from render.declared import declared
from settings import StackFile, parse
from tests import looks

NOW = "2026-11-24T12:00:00Z"
DIGEST, OTHER = "sha256:" + "1f4b" * 16, "sha256:" + "91aa" * 16
CERTIFICATE = {"issued": "2026-11-01T00:00:00Z", "expires": "2027-01-24T12:00:00Z"}
FILE = StackFile.read("local", ROOT / "Pulumi.local.yaml")
DECLARED = declared(parse(FILE.project_values(), FILE.project_secrets()))
PARTS = [("platform", part, image) for part, image in DECLARED["platform"].items()]
PARTS += [(name, part, image) for name, each in DECLARED["services"].items() for part, image in each["parts"].items()]
RELEASE = {
    "service": "legal",
    "number": 7,
    "command": "deploy legal",
    "who": "ann@laptop",
    "commit": "abc1234",
    "begun": "2026-11-24T09:00:00+00:00",
    "ended": "2026-11-24T09:00:21+00:00",
    "images": {},
    "commits": {"app": "def5678"},
    "result": "serves",
    "error": "",
    "seconds": 21,
}
BACKUP = {
    "repositories": {"repository": {"kind": "s3", "backups": [{"ended": "2026-11-24T02:16:00Z"}], "error": ""}},
    "archive": {"last_time": "2026-11-24T11:59:20Z"},
    "verify": {"result": "good", "at": "2026-11-24T04:30:00Z"},
    "problems": [],
}


def container(service: str, part: str, image: str) -> dict[str, Any]:
    return looks.container(service, part, image=image.rpartition(":")[0], digest=DIGEST)


def seen(**changes: Any) -> dict[str, Any]:
    """What the host sees while all is good, some of it changed."""
    services = DECLARED["services"]
    slots = [each["slot"] for each in services.values() if "slot" in each]
    good = {
        "time": NOW,
        "containers": [container(*each) for each in PARTS],
        "foreign": [],
        "passing": [],
        "sites": list(services),
        "serving": {},
        "placeholders": [],
        "maintenance": [],
        "certificates": {host: CERTIFICATE for each in services.values() for host in each["hosts"]},
        "drifted": [],
        "stopped": [],
        "unreadable": {},
        "slot_limit_mb": 8192,
        "errors_5xx": {"legal": {"requests": 1203, "errors": 0, "seconds": 300}},
        "slots": [{"name": each, "active": True, "retained_mb": 12, "lag_s": 0.1} for each in slots],
        "databases": [{"name": "sertantai_legal_local", "size_mb": 1204, "connections": 20}],
        "connections": {"used": 51, "limit": 300},
        "released": {f"{name}/{part}": f"{image.rpartition(':')[0]}@{DIGEST}" for name, part, image in PARTS},
        "releases": {"legal": RELEASE},
        "backup": None,
        "disk": [{"path": "/", "size_mb": 80_000, "free_mb": 54_000}],
        "memory": {"total_mb": 8000, "available_mb": 5000},
        "declared": DECLARED,
        "problems": [],
    }
    return copy.deepcopy(good | changes)


Answer = Callable[..., None]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Answer:
    """A host that answers as it is told."""

    def answer(values: dict[str, Any] | None = None, *, error: str = "", code: int = 0, wait_s: int = 0) -> None:
        (tmp_path / "answer").write_text(json.dumps(values) if values else "")
        program = tmp_path / "ssh"
        lines = ["#!/bin/sh", f"cat > {tmp_path}/asked", f'printf %s "$*" > {tmp_path}/words', f"sleep {wait_s}"]
        program.write_text(
            "\n".join([*lines, f"cat {tmp_path}/answer", f"printf %s {shlex.quote(error)} >&2", f"exit {code}"])
        )
        program.chmod(0o755)

    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(at_host, "find_program", lambda _: ["ssh", "-F", "config", "trial", "program"])
    return answer


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(command.app, ["status", *words])
    return result.exit_code, result.output


def test_a_good_stack_is_one_screen_and_the_exit_code_is_0(host: Answer) -> None:
    host(seen())
    code, text = run()
    assert (code, text.splitlines()[0]) == (0, "local: good")
    assert re.search(r"✓ legal +app 1f4b1f4, .*released 3 h ago by ann@laptop; 1,203 requests in 5 min; .* 61 d", text)
    for words in ("51 of 300", "54 GB of 80 GB free", "active, 0.1 s behind, retains 12 MB", "100 MB of 256 MB"):
        assert words in text
    assert len(text.splitlines()) < 30


def test_problems_come_first_and_the_exit_code_is_1(host: Answer) -> None:
    problem = {"key": "legal/app/restarts", "text": "legal/app: legal-app-1 has restarted 67113 times"}
    host(seen(problems=[problem]))
    code, text = run()
    assert code == 1
    assert text.splitlines()[:2] == ["local: 1 problem", f"problem: {problem['text']}"]
    assert "✗ legal" in text
    assert "✓ auth" in text


def test_drift_is_shown_and_is_no_problem(host: Answer) -> None:
    host(seen(drifted=["sites/legal.conf"]))
    code, text = run()
    assert (code, text.splitlines()[1]) == (0, "drift: sites/legal.conf: was changed by hand")


def test_the_host_is_asked_with_what_is_declared_and_without_secrets(host: Answer, tmp_path: Path) -> None:
    host(seen())
    assert run()[0] == 0
    asked = (tmp_path / "asked").read_text()
    assert json.loads(asked) == DECLARED
    assert str(FILE.setting("registry_token")) not in asked
    assert (tmp_path / "words").read_text().endswith("program status local")


def test_what_is_stopped_on_purpose_is_no_problem(host: Answer) -> None:
    values = seen(stopped=["legal/frontend"], maintenance=["auth"])
    values["declared"]["services"]["legal"]["stopped"] = ["frontend"]
    host(values)
    code, text = run()
    assert code == 0
    assert re.search(r"stopped +legal/frontend", text)
    assert "auth: the site shows a notice" in text


def test_a_migration_that_runs_is_shown(host: Answer) -> None:
    host(seen(passing=["legal/migrate"]))
    code, text = run()
    assert code == 0
    assert re.search(r"! at work +legal/migrate", text)


def test_a_backup_is_two_rows_with_the_last_restore_test(host: Answer) -> None:
    host(seen(backup=BACKUP))
    text = run()[1]
    for words in ("last backup 9 h ago", "archived 40 s ago", "good, 7 h ago"):
        assert words in text


def test_after_a_failed_release_the_container_that_serves_is_shown_and_the_other_is_counted(host: Answer) -> None:
    left = container("auth", "app", "x:1") | {"digest": OTHER, "serves": False, "state": "restarting"}
    host(seen(containers=[*seen()["containers"], left]))
    text = run()[1]
    assert re.search(r"auth +app 1f4b1f4 and 1 restarting[;,]", text)


def test_the_line_of_a_service_says_that_it_is_closed_or_that_its_last_release_failed(host: Answer) -> None:
    failed = RELEASE | {"result": "failed", "images": {"app": f"localhost:5050/app@{OTHER}"}}
    host(seen(maintenance=["auth"], releases={"legal": failed}))
    code, text = run()
    assert code == 0
    assert re.search(r"! auth +closed: maintenance; app", text)
    assert re.search(r"! legal .*; last release failed, 3 h ago by ann@laptop: an older one serves;", text)
    host(seen(releases={"legal": failed | {"images": {"app": f"localhost:5050/app@{DIGEST}"}}}))
    assert "older one serves" not in run()[1]  # it failed after the switch


def test_restarts_are_shown_also_long_after_the_last_one(host: Answer) -> None:
    values = seen()
    for each in values["containers"]:
        each["restarts"] = 67113 if each["service"] == "auth" else 0
    host(values)
    code, text = run()
    assert code == 0
    assert "app 1f4b1f4 (67113 restarts)" in text


def test_one_service_is_shown_in_full(host: Answer) -> None:
    host(seen())
    code, text = run("legal")
    assert (code, text.splitlines()[0]) == (0, "local/legal: good")
    for words in (
        DIGEST,
        "localhost:5050/sertantai/app:1",
        "1,204 MB, 20 connections",
        "legal:7",
        "took 21 s",
        "def5678",
    ):
        assert words in text
    assert "auth" not in text


def test_the_problems_of_others_are_not_those_of_a_service(host: Answer) -> None:
    problems = [{"key": key, "text": key} for key in ("auth/app/exited", "disk/", "slot/electric_slot_auth/retained")]
    host(seen(problems=problems))
    assert run("legal")[0] == 0
    assert run("auth")[0] == 1
    own = [{"key": key, "text": key} for key in ("certificate/legal.localhost", "slot/electric_slot_legal/retained")]
    host(seen(problems=own))
    assert [line for line in run("legal")[1].splitlines() if "problem: " in line] == [
        "problem: certificate/legal.localhost",
        "problem: slot/electric_slot_legal/retained",
    ]


def test_a_wrong_name_of_a_service_is_refused_with_the_right_one(host: Answer) -> None:
    host(seen())
    code, text = run("leagl")
    assert code == 1
    assert "did you mean legal" in text


def test_for_machines_it_is_json_with_the_drift(host: Answer) -> None:
    host(seen(drifted=["network"]))
    code, text = run("--json")
    assert code == 0
    values = json.loads(text)
    assert values["drift"] == ["network: was changed by hand"]
    assert values["releases"]["legal"]["who"] == "ann@laptop"
    assert {each["service"] for each in json.loads(run("legal", "--json")[1])["containers"]} == {"legal"}


class TestPage:
    """`--html`."""

    def test_it_says_the_same_and_needs_nothing_from_elsewhere(self, host: Answer, tmp_path: Path) -> None:
        host(seen(problems=[{"key": "x", "text": "<script>alert(1)</script> & more"}]))
        file = tmp_path / "status.html"
        code, text = run("--html", str(file))
        assert (code, text) == (1, f"{file}: written; local: 1 problem\n")
        page = file.read_text()
        assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; more" in page
        assert not re.search(r"<script|<link|<img|src=|href=|url\(|@import|https?://", page)
        assert "prefers-color-scheme: dark" in page
        for line in run()[1].splitlines()[3:]:
            for words in re.split(r"  +|^[✓!✗] ", line):
                assert not words or words.strip() in page, words

    def test_a_file_that_cannot_be_written_is_refused(self, host: Answer, tmp_path: Path) -> None:
        host(seen())
        code, text = run("--html", str(tmp_path / "missing" / "status.html"))
        assert code == 1
        assert "status.html cannot be written: No such file or directory" in text


@pytest.mark.parametrize("width", [40, 79, 80, 200])
def test_it_fits_a_terminal_of_any_width(host: Answer, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(file=io.StringIO(), width=width, force_terminal=True, color_system=None, highlight=False)
    monkeypatch.setattr(status_screen, "terminal", lambda: screen)
    host(seen(problems=[{"key": "x", "text": "legal/app: " + "a long story " * 20}]))
    for words in ([], ["legal"]):
        run(*words)
    assert isinstance(screen.file, io.StringIO)
    lines = screen.file.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    shown = " ".join(" ".join(lines).split())
    for text in ("a long story a long story", "electric_slot_enforcement", "released 3 h ago by ann@laptop"):
        assert text in shown


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        ("ssh: connect to host 1.2.3.4 port 22: Connection timed out", 255, "host: cannot be reached: ssh: connect to"),
        ("error: argument verb: invalid choice: 'status'", 2, "host: has no program that knows this: run up"),
        ("python3: can't open file '/root/x': No such file or directory", 2, "host: has no program that knows this"),
        ("python3: can't find '__main__' module in '/root'", 1, "host: has no program that knows this"),
        ("Traceback\nMemoryError", 1, "host: MemoryError"),
        ("", 1, "host: gives no reason"),
    ],
)
def test_a_host_that_cannot_be_asked_is_the_one_problem(host: Answer, error: str, code: int, words: str) -> None:
    host(error=error, code=code)
    assert run()[0] == 1
    first, second, *others = run()[1].splitlines()
    assert (first, others) == ("local: 1 problem", [])
    assert second.startswith(f"problem: {words}")
    [problem] = json.loads(run("--json")[1])["problems"]
    assert problem["key"] == "host"
    assert run("legal")[0] == 1


def test_a_host_that_keeps_everybody_waiting_is_the_one_problem(host: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "LIMIT_S", 0.3)
    host(seen(), wait_s=3)
    assert run() == (1, "local: 1 problem\nproblem: host: gives no answer within 0.3 s\n")


def test_a_stack_file_with_mistakes_is_refused_with_all_of_them(host: Answer, monkeypatch: pytest.MonkeyPatch) -> None:
    values = {key: value for key, value in FILE.values.items() if not key.endswith((":acme", ":nginx"))}
    monkeypatch.setattr(services, "stack_file", lambda _: StackFile(name="local", values=values))
    code, text = run()
    assert code == 1
    assert "acme: is missing" in text
    assert "nginx: is missing" in text


def test_a_reader_that_goes_away_ends_it_quietly() -> None:
    environment = os.environ | {"DOCKER_HOST": "unix:///nothing"}
    words = [sys.executable, "-m", "cli", "status"]
    with subprocess.Popen(words, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"drifted": ["login/legal"]}, "login/legal: was changed by hand"),
        ({"sites": ["auth", "enforcement"]}, "sites/legal.conf: is missing in the gateway"),
        ({"sites": ["auth", "enforcement", "legal", "old"]}, "sites/old.conf: is in the gateway and not declared"),
        ({"container": {"service": "old"}}, "old: runs and is not declared"),
        ({"container": {"part": "frontend"}}, "auth/frontend: runs and is not declared"),
        ({"container": {"service": "platform", "part": "backup"}}, "backup: runs and is not declared"),
        ({"container": {"digest": OTHER}}, f"auth/app: runs {'91aa' * 3}, declared is {'1f4b' * 3}"),
        ({"slot": "electric_slot_old"}, "slot electric_slot_old: no service declares it, and it retains 12 MB of WAL"),
    ],
)
def test_each_difference_from_the_stack_file_is_a_line(changes: dict[str, Any], line: str) -> None:
    values = seen()
    if "container" in changes:
        values["containers"].append(container("auth", "app", "x:1") | changes.pop("container"))
    if "slot" in changes:
        values["slots"].append({**values["slots"][0], "name": changes.pop("slot")})
    assert drift(values | changes) == [line]


def test_a_stack_as_it_is_declared_has_no_drift() -> None:
    assert drift(seen()) == []


def test_a_container_that_is_declared_as_stopped_and_runs_is_drift() -> None:
    values = seen()
    values["declared"]["services"]["legal"]["stopped"] = ["app"]
    assert drift(values) == ["legal/app: runs and is declared as stopped"]


@pytest.mark.parametrize(
    ("image", "lines"),
    [
        (f"localhost:5050/sertantai/app@{DIGEST}", []),
        (f"localhost:5050/sertantai/app:2@{OTHER}", [f"auth/app: runs {'1f4b' * 3}, declared is {'91aa' * 3}"]),
        ("localhost:5050/sertantai/another:1", []),  # nobody knows its digest without asking the registry
    ],
)
def test_the_digest_in_the_file_is_what_is_declared(image: str, lines: list[str]) -> None:
    values = seen()
    values["declared"]["services"]["auth"]["parts"]["app"] = image
    assert drift(values) == lines


@pytest.mark.parametrize("part", ["docker", "nginx", "postgres"])
def test_of_what_cannot_be_read_no_drift_is_said(part: str) -> None:
    blank: dict[str, Any] = {"docker": {"containers": []}, "nginx": {"sites": []}, "postgres": {"slots": []}}[part]
    assert drift(seen(unreadable={part: "no answer"}) | blank) == []
