"""What an operator does by day, on the running platform: a log over a release, a notice on a site."""

import json
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import Empty, Queue

import pytest

from tests.places import copy_from_project
from tests.waiting import eventually

from .platform import STACK, Platform
from .runner import ROOT, Engine

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
AUTH = "auth.localhost"


@contextmanager
def following(*words: str) -> Iterator["Queue[str]"]:
    """Follows a log and yields its lines as they arrive."""
    command = [sys.executable, "-m", "host", *words, "--follow"]
    lines: Queue[str] = Queue()
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as process:
        threading.Thread(target=lambda: deque(map(lines.put, process.stdout or ()), maxlen=0), daemon=True).start()
        try:
            yield lines
        finally:
            process.terminate()


def log(platform: Platform, line: str) -> bool:
    """Writes a line to the log of auth's app."""
    [container] = platform.containers(service="auth", part="app")
    return container.exec_run(["sh", "-c", f"echo '{line}' > /proc/1/fd/1"])[0] == 0


def heard(lines: "Queue[str]", words: str) -> bool:
    """Whether one of the next lines has these words."""
    try:
        while words not in lines.get_nowait():
            pass
    except Empty:
        return False
    return True


@pytest.mark.one_runner
def test_a_log_goes_on_with_the_container_of_the_next_release(platform: Platform) -> None:
    with following("logs", STACK, "auth", "--parts", "app", "--lines", "1") as lines:
        # Again and again: what is written before it follows the log may not be among its first lines.
        eventually(lambda: log(platform, "before the release") and heard(lines, "before the release"))
        platform.services["auth"]["app"]["restart_generation"] = 1
        released = platform.up()
        assert released.ok, released.why
        eventually(lambda: log(platform, "after the release"))
        eventually(lambda: heard(lines, "after the release"))


@pytest.mark.one_runner
def test_a_closed_site_answers_503_keeps_what_is_open_and_other_services_reach_the_app(platform: Platform) -> None:
    with platform.client(AUTH) as client, client.stream("GET", "/api/stream?seconds=300") as stream:
        platform.services["auth"]["maintenance"] = True
        closed = platform.up()
        assert closed.ok, closed.why
        assert closed.touched() <= {"auth-site-switch"}
        answer = platform.get(AUTH, "/api/version")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
        assert AUTH in answer.text
        now = time.time()
        assert any(float(line.split()[1]) > now for line in stream.iter_lines())
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


@pytest.fixture
def command(platform: Platform) -> Callable[..., str]:
    """Runs a command of the operator on the platform, which succeeds, and returns its output."""
    engine = platform.runner
    if not isinstance(engine, Engine):
        pytest.skip("the commands call the engine")
    copy_from_project(platform.folder, "cli", "requirements.txt")
    platform.write()

    def run(*words: str) -> str:
        line = [sys.executable, "-m", "cli", *words, "--stack", STACK]
        environment = os.environ | engine.environment
        result = subprocess.run(line, cwd=platform.folder, env=environment, capture_output=True, text=True, timeout=300)
        text = result.stdout + result.stderr
        assert result.returncode == 0, text
        return text

    return run


def test_every_command_works_with_the_engine_and_maintenance_changes_the_site_alone(
    platform: Platform, command: Callable[..., str]
) -> None:
    assert "has no mistakes" in command("validate")
    before = platform.ids()
    assert "1 changed" in command("maintenance", "on", "auth")
    assert platform.get(AUTH, "/api/version").status_code == 503
    assert command("psql", "auth", "--command", "SELECT 6 * 7").split()[-3] == "42"
    assert command("exec", "auth", "cat", "/etc/hostname").strip() in str(platform.containers(service="auth"))
    assert "Running AppWeb.Endpoint" in command("logs", "auth", "--app")
    secrets = json.loads(command("secrets", "auth", "--json"))
    assert {secret["source"] for secret in secrets} == {"generated"}
    assert "No lock" in command("unlock")
    findings = json.loads(command("doctor", "--json"))
    assert [finding for finding in findings if finding["state"] == "problem"] == []
    assert "1 changed" in command("maintenance", "off", "auth")
    eventually(lambda: platform.get(AUTH, "/api/version").status_code == 200)
    assert platform.ids() == before


@pytest.mark.faults
def test_a_new_password_is_a_new_login_and_a_release_of_that_service_alone(
    platform: Platform, command: Callable[..., str]
) -> None:
    logins = "SELECT rolname FROM pg_roles WHERE rolname ~ '^sertantai_auth_local_[0-9a-f]{8}$'"
    before, old = platform.ids(), platform.sql(logins)
    command("secrets", "rotate", "auth", "DATABASE_PASSWORD", "--yes")
    after, new = platform.ids(), platform.sql(logins)
    assert len(new.split()) == 1
    assert new != old
    assert [name.rpartition("-")[0] for name in before.keys() - after.keys()] == ["auth-app"]
    assert platform.get(AUTH, "/api/version").status_code == 200
