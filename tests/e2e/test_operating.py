"""What an operator does by day, on the running platform: a log over a release, a notice on a site."""

import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty, Queue

import pytest

from tests.waiting import eventually

from .platform import STACK, Platform
from .runner import ROOT

pytestmark = [pytest.mark.e2e, pytest.mark.docker, pytest.mark.one_runner]
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


def test_a_log_goes_on_with_the_container_of_the_next_release(platform: Platform) -> None:
    with following("logs", STACK, "auth", "--parts", "app", "--lines", "1") as lines:
        eventually(lambda: log(platform, "before the release"))
        eventually(lambda: heard(lines, "before the release"))
        platform.services["auth"]["app"]["restart_generation"] = 1
        released = platform.up()
        assert released.ok, released.why
        eventually(lambda: log(platform, "after the release"))
        eventually(lambda: heard(lines, "after the release"))


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
