"""The output of a command in a container arrives whole, also on a busy machine."""

import http.client
import time

import docker
import pytest

from tests.throwaway.box import SERVE, Boxes
from tests.throwaway.fixtures import boxes

__all__ = ["boxes"]
pytestmark = pytest.mark.docker


def test_output_that_arrives_together_with_the_answers_head_is_not_lost(
    boxes: Boxes, machine: docker.DockerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = machine.containers.get(boxes.start("says", SERVE))
    begin = http.client.HTTPResponse.begin

    def late(answer: http.client.HTTPResponse) -> None:
        time.sleep(0.5)
        begin(answer)

    monkeypatch.setattr(http.client.HTTPResponse, "begin", late)
    said = box.exec_run(["sh", "-c", "echo one; sleep 1; echo two"])
    assert (said.exit_code, said.output) == (0, b"one\ntwo\n")
