"""Docker as the verbs see it."""

import os
import time
from pathlib import Path
from typing import Any

import pytest

from host import docker
from tests.throwaway.box import Boxes


@pytest.mark.docker
def test_containers_that_are_gone_since_they_were_listed_are_left_out(boxes: Boxes) -> None:
    here = boxes.start("here")
    assert [each["Name"] for each in docker.inspect_existing([f"{boxes.stack}-gone", here])] == [f"/{here}"]
    assert docker.inspect_existing([f"{boxes.stack}-gone"]) == []


def test_a_refusal_of_docker_does_not_look_like_containers_that_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    error = "Error: No such container: gone\npermission denied while trying to connect\n"
    monkeypatch.setattr(docker, "run", lambda *_: docker.Output(1, "[]\n", error))
    with pytest.raises(docker.Refused, match=r"^permission denied while trying to connect$"):
        docker.inspect_existing(["gone", "here"])


def test_a_docker_that_ends_without_a_word_is_a_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "run", lambda *_: docker.Output(137, "", ""))
    with pytest.raises(docker.Refused):
        docker.inspect_existing(["here"])


def test_a_warning_of_docker_is_no_refusal(monkeypatch: pytest.MonkeyPatch) -> None:
    warning = "WARNING: Error loading config file: /root/.docker/config.json: permission denied\n"
    monkeypatch.setattr(docker, "run", lambda *_: docker.Output(0, '[{"Name": "/here"}]\n', warning))
    assert docker.inspect_existing(["here"]) == [{"Name": "/here"}]


def test_a_container_that_has_just_stopped_and_is_still_listed_does_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    listed = docker.Output(0, "new\nold\n", "")
    states = docker.Output(
        0, '[{"Name": "/new", "State": {"Running": true}}, {"Name": "/old", "State": {"Running": false}}]', ""
    )
    answers(monkeypatch, listed, states)
    assert docker.list_containers({"part": "app"}, running=True) == ["new"]


def test_docker_is_not_asked_for_no_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "run", None)
    assert docker.inspect_existing([]) == []


def answers(monkeypatch: pytest.MonkeyPatch, *outputs: docker.Output) -> list[str]:
    """Docker gives these answers, the last one again and again. Returns the commands that it gets."""
    asked: list[str] = []

    def run(*words: str, **_: object) -> docker.Output:
        asked.append(" ".join(words))
        return outputs[min(len(asked), len(outputs)) - 1]

    monkeypatch.setattr(docker, "run", run)
    monkeypatch.setattr(docker, "PAUSE_S", 0)
    return asked


FINE, BUSY = docker.Output(0, "", ""), docker.Output(1, "", "Error response from daemon: OCI runtime create failed\n")


def test_a_start_that_docker_refuses_for_a_moment_succeeds(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, BUSY, FINE)
    assert docker.start("app")
    assert asked == ["start app"] * 2


def test_a_container_that_cannot_start_is_tried_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, BUSY)
    assert not docker.start("app")
    assert len(asked) == 3


def test_a_container_that_another_process_removes_is_gone_in_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    going = docker.Output(1, "", "Error response from daemon: removal of container app is already in progress\n")
    there = docker.Output(0, '[{"Name": "/app"}]', "")
    gone = docker.Output(1, "", "Error: No such container: app\n")
    answers(monkeypatch, going, there, going, gone)
    assert docker.remove("app")


def test_a_stop_that_docker_never_ends_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    client = tmp_path / "docker"
    client.write_text("#!/bin/sh\nexec sleep 600\n")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setattr(docker, "STOP_S", 0.2)
    begun = time.monotonic()
    docker.stop(["app", "electric"], 0)
    assert time.monotonic() - begun < 300


def test_a_volume_whose_container_is_just_going_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = answers(monkeypatch, docker.Output(1, "", "Error response from daemon: volume is in use - [1a]\n"), FINE)
    docker.remove_volume("data")
    assert asked == ["volume rm data"] * 2


def test_a_volume_in_use_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, docker.Output(1, "", "Error response from daemon: volume is in use - [1a]\n"))
    with pytest.raises(docker.Refused, match=r"volume is in use - \[1a\]"):
        docker.remove_volume("data")


class Said:
    def __init__(self, error: str, out: str = "", code: int = 1) -> None:
        self.returncode, self.stdout, self.stderr = code, out, error


RUNC = "OCI runtime exec failed: exec failed: unable to start container process: "
BUSY_RUNC = f"{RUNC}error adding pid 7 to cgroups: open cgroup.procs: no such file or directory: unknown\n"


def calls(monkeypatch: pytest.MonkeyPatch, *said: Said) -> list[Any]:
    """Docker's client says these things, the last one again and again. Returns the inputs that it gets."""
    inputs: list[Any] = []

    def run(*_: object, input: str, **__: object) -> Said:  # noqa: A002 - subprocess's own name
        inputs.append(input)
        return said[min(len(inputs), len(said)) - 1]

    monkeypatch.setattr("host.docker.subprocess.run", run)
    monkeypatch.setattr(docker, "PAUSE_S", 0)
    return inputs


@pytest.mark.parametrize("busy", [Said("", BUSY_RUNC, 126), Said(BUSY_RUNC, "", 126)], ids=["stdout", "stderr"])
def test_a_command_that_a_busy_server_does_not_start_is_tried_again(
    monkeypatch: pytest.MonkeyPatch, busy: Said
) -> None:
    inputs = calls(monkeypatch, busy, busy, Said("", "1\n", 0))
    assert docker.execute("postgres", ["psql"], stdin="SELECT 1") == docker.Output(0, "1\n", "")
    assert inputs == ["SELECT 1"] * 3


def test_a_command_that_never_starts_is_tried_three_times(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs = calls(monkeypatch, Said("", BUSY_RUNC, 126))
    assert docker.execute("postgres", ["psql"]) == docker.Output(126, "", BUSY_RUNC)
    assert len(inputs) == 3


@pytest.mark.parametrize(
    "said",
    [
        Said("", f'{RUNC}exec: "psql": executable file not found in $PATH: unknown\n', 126),
        Said("", f'{RUNC}exec: "/entry.sh": permission denied: unknown\n', 126),
        Said("ERROR: it said OCI runtime exec failed: once\n", "", 1),
    ],
    ids=["no such command", "not executable", "it ran"],
)
def test_a_command_that_is_missing_or_has_run_is_not_tried_again(monkeypatch: pytest.MonkeyPatch, said: Said) -> None:
    inputs = calls(monkeypatch, said)
    assert docker.execute("postgres", ["psql"]).code == said.returncode
    assert len(inputs) == 1


@pytest.mark.parametrize(
    "error",
    [
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker daemon running?",
        "docker: Cannot connect to the Docker daemon at unix:///var/run/docker.sock.",
        "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is correct",
        "error during connect: Get http://docker/v1.41/info: EOF",
        "Error response from daemon: context deadline exceeded",
    ],
)
def test_a_docker_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    monkeypatch.setattr("host.docker.subprocess.run", lambda *_, **__: Said(f"{error}\n"))
    with pytest.raises(docker.NoAnswer, match="Docker does not answer on the host"):
        docker.run("info")
    assert not docker.passes_check("app", ["true"])


def test_what_a_program_in_a_container_says_is_not_dockers(monkeypatch: pytest.MonkeyPatch) -> None:
    error = "Fatal: unable to open the repository: context deadline exceeded\n"
    monkeypatch.setattr("host.docker.subprocess.run", lambda *_, **__: Said(error))
    assert docker.run("exec", "backup", "restic").error == error
