"""The gate before a new container's traffic, and the wait for the platform's own containers."""

import re
from collections.abc import Sequence

import pytest

from host import docker as docker_client
from host.gate import failure_lines
from host.mask import Mask
from tests.throwaway.box import HEALTHY, SERVE, Boxes, Said, docker
from tests.throwaway.calling import call

pytestmark = pytest.mark.docker
# A health check that fails the third time.
STUMBLES = ["sh", "-c", "n=$(cat /tmp/asked 2>/dev/null || echo 0); echo $((n + 1)) > /tmp/asked; test $n -ne 2"]


def gate(
    container: str, secrets: Sequence[str] = (), check: Sequence[str] = HEALTHY, successes: int = 3, timeout_s: int = 90
) -> Said:
    inputs = {"check": check, "secrets": list(secrets)}
    return call("gate", "legal/app", container, port=4000, successes=successes, timeout=timeout_s, inputs=inputs)


def test_a_healthy_container_passes(boxes: Boxes) -> None:
    said = gate(boxes.start("app"))
    assert said.ok, said.error
    assert said.out.startswith("legal/app: healthy 3 times in a row after ")


def test_a_failure_in_between_restarts_the_count(boxes: Boxes) -> None:
    container = boxes.start("app")
    assert gate(container, check=STUMBLES).ok
    assert docker("exec", container, "cat", "/tmp/asked").out == "6"


def test_a_slow_container_passes(boxes: Boxes) -> None:
    assert gate(boxes.start("app", f"sleep 1.5; {SERVE}")).ok


def test_a_container_that_dies_fails_at_once_with_the_reason(boxes: Boxes) -> None:
    container = boxes.start("app", "echo 'cannot reach the database'; sleep 1; exit 3")
    said = gate(container, timeout_s=600)
    assert said.code == 1
    assert said.error.splitlines() == [
        "legal/app: died with exit code 3; its last lines:",
        "    cannot reach the database",
        "legal/app: what served before still serves; fix the image or its settings and run up again",
    ]


def test_a_line_that_its_log_repeats_is_shown_once_where_it_was_last(monkeypatch: pytest.MonkeyPatch) -> None:
    log = ["first", *["starts", "boom"] * 60, "end"]
    monkeypatch.setattr(docker_client, "logs", lambda *_: log)
    lines = failure_lines("legal/app", "legal-app-1", "died", Mask([]))
    assert [line.strip() for line in lines[1:]] == ["first", "starts", "boom", "end"]


def test_a_container_that_docker_restarts_has_died(boxes: Boxes) -> None:
    said = gate(boxes.start("app", "sleep 0.7; exit 4", options=["--restart", "unless-stopped"]), timeout_s=600)
    assert said.code == 1
    assert "legal/app: died" in said.error


def test_a_container_that_needs_more_memory_is_reported(boxes: Boxes) -> None:
    options = ["--memory", "32m", "--memory-swap", "32m"]
    said = gate(
        boxes.start("app", "sleep 0.5; exec python3 -c 'x = bytearray(1 << 28); print(x[-1])'", options=options)
    )
    assert said.code == 1
    assert said.error.startswith("legal/app: was killed: it needs more than its memory_mb; its last lines:\n")


def test_a_container_that_is_never_healthy_is_reported_with_the_time_and_the_check(boxes: Boxes) -> None:
    said = gate(boxes.start("app"), check=["sh", "-c", """test "$HOME" = '`x`'"""], timeout_s=1)
    assert said.code == 1
    first = said.error.splitlines()[0]
    assert first.startswith("legal/app: not healthy after ")
    assert first.endswith(""" s of sh -c 'test "$HOME" = '"'"'`x`'"'"''; its last lines:""")
    assert 1 <= int(first.split()[4]) < 60


def test_a_container_that_was_stopped_is_started_again(boxes: Boxes) -> None:
    container = boxes.start("app")
    assert docker("stop", "-t", "2", container).ok
    assert gate(container).ok
    assert boxes.running(container)


def test_a_missing_container_is_reported(boxes: Boxes) -> None:
    said = gate("trial-nobody")
    assert said.code == 1
    assert said.error == "legal/app: container trial-nobody is gone; run up again\n"


def test_only_the_last_lines_are_shown_without_their_secrets(boxes: Boxes) -> None:
    log = "\n".join(f"line {n} with s3cr3t" for n in range(100))
    container = boxes.start("dead", f"echo '{log}'; sleep 0.5; exit 3")
    said = gate(container, ["other", "", "s3cr3t"])
    assert [line.strip() for line in said.error.splitlines()[1:-1]] == [
        f"line {n} with [secret]" for n in range(70, 100)
    ]


def ready(container: str, timeout_s: int) -> Said:
    return call("ready", container, timeout=timeout_s, inputs={"check": HEALTHY})


def test_it_waits_for_a_platform_container(boxes: Boxes) -> None:
    assert ready(boxes.start("redis", f"sleep 1; {SERVE}"), 120).ok


def test_it_does_not_wait_for_a_platform_container_that_has_ended(boxes: Boxes) -> None:
    container = boxes.start("redis", "echo 'out of disk'; exit 1")
    said = ready(container, 600)
    assert said.code == 1
    assert f"{container}: is not ready after " in said.error
    assert "out of disk" in said.error


def test_a_platform_container_that_is_never_ready_is_reported_with_the_time(boxes: Boxes) -> None:
    container = boxes.start("redis", "echo loading; sleep 60")
    said = ready(container, 1)
    assert said.code == 1
    assert re.match(rf"{container}: is not ready after [1-9]\d? s; its last lines:\n", said.error)
    assert said.error.endswith(f"\n{container}: if it is only slow to start, run up again\n")
    assert "loading" in said.error
