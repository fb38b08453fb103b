"""What logs, exec and psql ask of the host, and what they show, with a program in the host's place."""

import getpass
import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cli import __main__ as command
from cli.day import sessions
from cli.refused import Refused
from cli.server import at_host, at_session
from cli.stack import services

FILE = """config:
  sertantai:host: {kind: local}
  sertantai:nginx: {image: nginx}
  sertantai:services:
    legal: {database: {name: legal_prod}, app: {}, frontend: {}, electric: {}}
    compliance: {database: {of: legal}, app: {}}
    hub: {app: {}}
"""
# Stands in for the program on the host: it records how it is called, and does what `do` says.
HOST = """import json, pathlib, shlex, sys, time
here = pathlib.Path({here!r})
here.joinpath("called").write_text(json.dumps(shlex.split(sys.argv[1])))
exec(here.joinpath("do").read_text())
"""
LINES = "app\\tstarted\\nelectric\\t\x1b[32mactive\x1b[0m\x1b[2J\\n"


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder whose file `do` is the program's next action; `called` has the last line."""
    (tmp_path / "Pulumi.trial.yaml").write_text(FILE)
    (tmp_path / "do").write_text("pass")
    program = [sys.executable, "-c", HOST.format(here=str(tmp_path))]
    monkeypatch.setattr(at_host, "find_program", lambda _: program)
    monkeypatch.setattr(services, "ROOT", tmp_path)
    return tmp_path


def called(host: Path) -> list[str]:
    words: list[str] = json.loads((host / "called").read_text())
    return words


def call(*words: str, stdin: str = "") -> Result:
    return CliRunner().invoke(command.app, [*words[:1], "--stack", "trial", *words[1:]], input=stdin)


def test_all_parts_are_shown_with_their_names_and_without_what_would_change_the_terminal(host: Path) -> None:
    (host / "do").write_text(f'print("{LINES}", end="")')
    shown = call("logs", "legal", "--since", "10m")
    assert shown.output == "app      | started\nelectric | active[2J\n"
    parts = ["--parts", "app", "frontend", "electric"]
    assert called(host) == ["logs", "trial", "legal", *parts, "--since", "10m", "--lines", "100"]


def test_one_part_is_shown_without_its_name(host: Path) -> None:
    (host / "do").write_text('print("app\\tstarted")')
    assert call("logs", "legal", "--app", "--lines", "0", "-f").output == "started\n"
    assert called(host) == ["logs", "trial", "legal", "--parts", "app", "--follow"]


def test_the_shared_containers_have_logs_too(host: Path) -> None:
    assert call("logs", "nginx").exit_code == 0
    assert called(host) == ["logs", "trial", "platform", "--parts", "nginx", "--lines", "100"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["logs", "nginxx"], "nginxx: Pulumi.trial.yaml has no such service; did you mean nginx?"),
        (["logs", "redis"], "redis: is not declared in Pulumi.trial.yaml"),
        (["logs", "nginx", "--app"], "--app: nginx has no parts"),
        (["logs", "hub", "--electric"], "hub/electric: the service has no such part; there is: app"),
        (["exec", "legl", "--", "ls"], "legl: Pulumi.trial.yaml has no such service; did you mean legal?"),
        (["psql", "hub"], "services/hub/database: is not declared, so hub has no database"),
        (["psql"], "SERVICE: name one, or --superuser for the whole cluster"),
        (["psql", "legal", "--write"], "--write: nobody can be asked here: add --yes"),
        (
            ["psql", "legal", "--superuser"],
            "SERVICE: --superuser opens the database postgres alone: leave the service out",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(host: Path, words: list[str], message: str) -> None:
    result = call(*words)
    assert (result.exit_code, result.stderr) == (1, f"{message}\n")
    assert not (host / "called").exists()


def test_the_hosts_reason_is_shown_alone(host: Path) -> None:
    (host / "do").write_text('sys.exit("legal: has no container of app")')
    result = call("logs", "legal")
    assert (result.exit_code, result.stderr) == (1, "legal: has no container of app\n")


def test_a_program_that_is_older_than_the_command_is_named_as_the_reason(host: Path) -> None:
    (host / "do").write_text("""sys.exit("error: argument verb: invalid choice: 'logs'")""")
    result = call("logs", "legal")
    assert result.stderr == "host: has no program that knows this: run up, which installs it\n"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("psql: can't open file 'x'", "psql: can't open file 'x'"),
        ("python3: can't open file '/x': [Errno 2]", "host: has no program that knows this: run up, which installs it"),
        ("warning: a banner\nTraceback (most recent call last):\n  File\nKeyError: 'x'", "host: KeyError: 'x'"),
    ],
)
def test_a_reason_is_one_that_the_operator_can_use(host: Path, said: str, reason: str) -> None:
    (host / "do").write_text(f"sys.exit({said!r})")
    assert call("logs", "legal").stderr == f"{reason}\n"


def test_a_closed_pipe_ends_a_followed_log_quietly(host: Path) -> None:
    (host / "do").write_text("while True: print('app\\tline', flush=True); time.sleep(0.01)")
    script = f"""
import sys
from pathlib import Path
from cli import __main__
from cli.server import at_host
from cli.stack import services
at_host.find_program = lambda _: {at_host.find_program("trial")!r}
services.ROOT = Path({str(host)!r})
__main__.app(["logs", "legal", "--follow", "--stack", "trial"])
"""
    pipe = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert pipe.stdout
    assert pipe.stderr
    assert b"line" in pipe.stdout.readline()
    pipe.stdout.close()
    assert pipe.stderr.read() == b""
    assert pipe.wait(timeout=60) == 0


def test_a_command_is_passed_on_word_by_word_with_its_exit_code(host: Path) -> None:
    (host / "do").write_text("sys.exit(7)")
    result = call("exec", "legal", "--part", "electric", "--", "sh", "-c", "echo 'a b'; ls -l")
    assert result.exit_code == 7
    target = ["--gateway", "sertantai-trial-nginx", "trial", "legal", "electric"]
    assert called(host) == ["exec", *target, "--", "sh", "-c", "echo 'a b'; ls -l"]


def test_psql_is_read_only_and_has_the_rights_of_the_databases_owner(
    host: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(at_session, "caller", lambda: "operator@laptop")
    assert call("psql", "compliance", "-c", "SELECT 1").exit_code == 0
    options = ["--postgres", "sertantai-trial-postgres", "--caller", "operator@laptop"]
    owner = ["--owner", "legal_prod_owner", "legal_prod"]
    assert called(host) == ["open-psql", *options, *owner, "--", "-c", "SELECT 1"]
    assert call("psql", "--superuser", "--write", "--yes").exit_code == 0
    assert called(host) == ["open-psql", *options, "--write", "postgres", "--"]


def test_a_user_without_a_name_is_named_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr(getpass, "getuser", fail)
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    assert at_session.caller() == f"1234@{socket.gethostname()}"


@pytest.mark.parametrize("words", [["-U", "postgres"], ["-qAtUpostgres"], ["-x", "--user=postgres"], ["--dbn", "auth"]])
def test_psql_gets_no_other_login_or_database(host: Path, words: list[str]) -> None:
    result = call("psql", "legal", "--", *words)
    assert result.exit_code == 1
    assert "the service, or --superuser, decides on login and database: leave it out" in result.stderr
    assert not (host / "called").exists()


def test_psql_gets_its_own_options_as_they_are(host: Path) -> None:
    for words in (["-qAt", "-c", "SELECT '-U'"], ["-vh=1", "--set", "d=2", "-F-h"], ["--help=commands"], ["-1f", "-"]):
        assert call("psql", "legal", "--", *words).exit_code == 0
        assert called(host)[-len(words) :] == words


def test_with_a_terminal_ssh_makes_one_on_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(at_host, "find_program", lambda _: ["ssh", "-F", "config", "sertantai-prod", "program"])
    commands: list[list[str]] = []

    def lose_connection(command: list[str], cwd: Path) -> int:
        commands.append(command)
        return 255

    monkeypatch.setattr(subprocess, "call", lose_connection)
    with pytest.raises(Refused, match="host: the connection over SSH failed or broke"):
        at_session.run("prod", "exec", "a b", terminal=True)
    assert commands == [["ssh", "-t", "-q", "-F", "config", "sertantai-prod", "program", "exec 'a b'"]]


def test_a_database_of_another_service_is_found_by_its_owner(host: Path) -> None:
    assert sessions.database_of("trial", "compliance") == sessions.database_of("trial", "legal") == "legal_prod"
