"""Docker's clients end with their container's first process. The processes are real, Docker is fake."""

import subprocess
import time

import pytest

from host import docker, watchdog


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> "subprocess.Popen[bytes]":
    """The first process of the container."""
    monkeypatch.setattr(watchdog, "POLL_S", 0.05)
    process = subprocess.Popen(["sleep", "300"])
    monkeypatch.setattr(docker, "inspect", lambda _: {"State": {"Pid": process.pid}})
    return process


def test_clients_end_when_the_containers_first_process_is_gone(first: "subprocess.Popen[bytes]") -> None:
    clients = [subprocess.Popen(["sleep", "300"])]
    with watchdog.watch("postgres", clients):
        clients.append(subprocess.Popen(["sleep", "300"]))  # one that starts later, too
        first.kill()
        first.wait()
        assert [client.wait(timeout=60) for client in clients] == [-9, -9]


def test_clients_run_as_long_as_it_lives(first: "subprocess.Popen[bytes]") -> None:
    client = subprocess.Popen(["sleep", "1"])
    with watchdog.watch("postgres", [client]):
        assert client.wait(timeout=60) == 0
    first.kill()
    first.wait()


def test_nothing_is_ended_if_the_containers_processes_are_not_visible_here(
    first: "subprocess.Popen[bytes]",
) -> None:
    first.kill()
    first.wait()
    client = subprocess.Popen(["sleep", "1"])
    with watchdog.watch("postgres", [client]):
        time.sleep(0.2)
        assert client.wait(timeout=60) == 0
