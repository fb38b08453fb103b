"""`./sertantai status`: one screen, one service, JSON, and the exit code."""

import io
import json
import re
from pathlib import Path

import pytest
from rich.console import Console

from cli.status import status_screen

from .seeing import BACKUP, DECLARED, DIGEST, FILE, OTHER, RELEASE, Answer, container, run, seen


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
