"""Docker as the verbs see it."""

import pytest

from host import docker
from tests.throwaway.box import Boxes


@pytest.mark.docker
def test_containers_that_are_gone_since_they_were_listed_are_left_out(base_image: str) -> None:
    boxes = Boxes(base_image)
    try:
        here = boxes.start("here")
        assert [each["Name"] for each in docker.inspect_existing([f"{boxes.stack}-gone", here])] == [f"/{here}"]
        assert docker.inspect_existing([f"{boxes.stack}-gone"]) == []
    finally:
        boxes.clear()


def test_a_refusal_of_docker_does_not_look_like_containers_that_are_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    error = "Error: No such container: gone\npermission denied while trying to connect\n"
    monkeypatch.setattr(docker, "run", lambda *_: docker.Output(1, "[]\n", error))
    with pytest.raises(docker.Refused, match=r"^permission denied while trying to connect$"):
        docker.inspect_existing(["gone", "here"])


def test_docker_is_not_asked_for_no_containers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker, "run", None)
    assert docker.inspect_existing([]) == []
