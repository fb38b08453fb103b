"""`status` of a host that gives no answer, of a file with mistakes, and for a reader that goes away."""

import json
import os
import subprocess
import sys

import pytest

from cli.engine.engine import ROOT
from cli.stack import services
from cli.status import status
from settings import StackFile

from .seeing import FILE, Answer, run, seen


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
