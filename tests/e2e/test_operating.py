"""What an operator does by day, on the running platform: logs over a release, commands, psql, a notice on a site."""

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from queue import Empty, Queue

import pytest

from render import sql
from tests.waiting import eventually, hear

from .platform import STACK, Platform
from .runner import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.one_runner]
AUTH, DATABASE = "auth.localhost", "sertantai_auth_local"
GATEWAY, POSTGRES = f"sertantai-{STACK}-nginx", f"sertantai-{STACK}-postgres"
LOGS = ["logs", STACK, "auth", "--parts", "app"]


def host(*words: str, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Calls a verb with streams of its own."""
    command = [sys.executable, "-m", "host", *words]
    result = subprocess.run(command, cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=60)
    hear(result)
    return result


def psql(statement: str, *options: str) -> "subprocess.CompletedProcess[str]":
    target = ["--postgres", POSTGRES, "--owner", sql.owner(DATABASE), *options, DATABASE]
    return host("open-psql", *target, "--", "-qtA", "-c", statement)


@contextmanager
def following(words: Sequence[str]) -> Iterator["Queue[str]"]:
    """Follows a log and yields its lines as they arrive."""
    command = [sys.executable, "-m", "host", *words, "--follow"]
    lines: Queue[str] = Queue()
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        threading.Thread(target=lambda: deque(map(lines.put, process.stdout or ()), maxlen=0), daemon=True).start()
        try:
            yield lines
        finally:
            process.terminate()


def log(platform: Platform, line: str) -> None:
    """Writes a line to the log of auth's app."""
    [container] = platform.containers(service="auth", part="app")
    code, output = container.exec_run(["sh", "-c", f"echo '{line}' > /proc/1/fd/1"])
    assert code == 0, output


def heard(lines: "Queue[str]", words: str) -> bool:
    """Whether one of the next lines has these words."""
    try:
        while words not in lines.get_nowait():
            pass
    except Empty:
        return False
    return True


def test_a_log_goes_on_with_the_container_of_the_next_release(platform: Platform) -> None:
    with following([*LOGS, "--lines", "1"]) as lines:
        log(platform, "before the release")
        eventually(lambda: heard(lines, "before the release"))
        platform.services["auth"]["app"]["restart_generation"] = 1
        released = platform.up()
        assert released.ok, released.why
        log(platform, "after the release")
        eventually(lambda: heard(lines, "after the release"))


def test_a_log_whose_reader_is_gone_is_followed_no_longer(platform: Platform) -> None:
    command = [sys.executable, "-m", "host", *LOGS, "--lines", "1", "--follow"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 0


def test_all_parts_are_merged_in_the_order_of_time_and_each_line_has_its_part(platform: Platform) -> None:
    result = host("logs", STACK, "legal", "--parts", "app", "frontend", "electric", "--since", "24h")
    assert result.returncode == 0, result.stderr
    assert {line.partition("\t")[0] for line in result.stdout.splitlines()} == {"app", "frontend", "electric"}


def test_a_command_runs_in_the_serving_container_and_its_exit_code_comes_back(platform: Platform) -> None:
    words = ["exec", "--gateway", GATEWAY, STACK, "auth", "app", "--"]
    [container] = platform.containers(service="auth", part="app")
    shown = host(*words, "cat", "/etc/hostname")
    assert str(container.id).startswith(shown.stdout.strip() or "nothing")
    assert host(*words, "sh", "-c", "exit 7").returncode == 7
    assert host(*words, "cat", stdin="typed").stdout == "typed"


def test_a_part_that_does_not_run_is_named(platform: Platform) -> None:
    result = host("exec", "--gateway", GATEWAY, STACK, "auth", "electric", "--", "true")
    assert (result.returncode, result.stderr.split(":")[0]) == (1, "auth/electric")


def test_psql_has_the_apps_rights_and_refuses_a_write_until_asked_for_it(platform: Platform) -> None:
    login = psql("SELECT session_user || ' ' || current_user").stdout.split()
    assert login[0].startswith(f"{DATABASE}_")
    assert login[1] == sql.owner(DATABASE)
    refused = psql("CREATE TABLE made_by_hand ()")
    assert refused.returncode != 0
    assert "read-only transaction" in refused.stderr
    assert psql("CREATE TABLE made_by_hand (); DROP TABLE made_by_hand", "--write").returncode == 0
    assert "permission denied" in psql("SELECT pg_read_file('/etc/passwd')", "--write").stderr


def test_a_closed_site_answers_503_keeps_what_is_open_and_other_services_reach_the_app(platform: Platform) -> None:
    with platform.client(AUTH) as client, client.stream("GET", "/api/slow?seconds=3") as slow:
        platform.services["auth"]["maintenance"] = True
        closed = platform.up()
        assert closed.ok, closed.why
        assert closed.touched() <= {"auth-site-switch"}
        assert slow.status_code == 200
    answer = platform.get(AUTH, "/api/version")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
    assert AUTH in answer.text
    [legal] = platform.containers(service="legal", part="app")
    inside = legal.exec_run(["wget", "-q", "-O", "-", "http://auth:4001/health"])
    assert inside[0] == 0, inside
    platform.services["auth"]["app"]["restart_generation"] = 2
    released = platform.up()
    assert released.ok, released.why
    assert platform.get(AUTH, "/health").status_code == 503, "a release keeps it"
    del platform.services["auth"]["maintenance"]
    assert platform.up().ok
    eventually(lambda: platform.get(AUTH, "/api/version").status_code == 200)
