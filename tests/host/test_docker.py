"""Docker as the verbs see it."""

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


def test_docker_is_not_asked_for_no_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "run", None)
    assert docker.inspect_existing([]) == []
