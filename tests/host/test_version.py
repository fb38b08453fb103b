"""Which version an app says it is, and which one its image was built as."""

import json
import uuid

import pytest

from host import version
from host.history import REVISION
from tests.throwaway.box import Boxes, docker
from tests.throwaway.calling import call
from tests.throwaway.listener import listening
from tests.waiting import eventually

pytestmark = pytest.mark.docker
SERVE = "mkdir -p /srv && cd /srv && printf '%s' '{}' > health && exec python3 -m http.server 4000"


def ask(stack: str) -> dict[str, list[str]]:
    said = call("version", stack, "legal", port=4000, path="/health")
    assert said.ok, said.error
    answer: dict[str, list[str]] = json.loads(said.out)
    return answer


@pytest.fixture
def stack() -> str:
    """A stack that no other test has, for the containers' labels."""
    return f"trial{uuid.uuid4().hex[:8]}"


def start(boxes: Boxes, stack: str, health: str) -> None:
    marks = {"sertantai.stack": stack, "sertantai.service": "legal", "sertantai.part": "app"}
    name = boxes.start("app", SERVE.replace("{}", health), labels=marks, options=["--network", "bridge"])
    eventually(lambda: docker("exec", name, "curl", "-fs", "http://127.0.0.1:4000/health").ok)


def test_an_app_names_its_version_and_its_image_the_commit(base_image: str, boxes: Boxes, stack: str) -> None:
    boxes.image = f"{stack}:1"
    labels = f"FROM {base_image}\nLABEL {REVISION}=c0ffee org.opencontainers.image.version=1.4.2\n"
    assert docker("build", "-q", "-t", boxes.image, "-", stdin=labels).ok
    try:
        start(boxes, stack, '{"status": "ok", "version": "1.4.2"}')
        eventually(lambda: ask(stack)["says"])
        assert ask(stack) == {"says": ["1.4.2"], "labels": ["1.4.2", "c0ffee"]}
    finally:
        boxes.clear()
        docker("rmi", f"{stack}:1")


@pytest.mark.parametrize("health", ["fine", '["1"]', '{"version": {"major": 1}}'])
def test_an_app_that_names_no_version_says_none(boxes: Boxes, stack: str, health: str) -> None:
    start(boxes, stack, health)
    assert ask(stack)["says"] == []


def test_without_a_container_there_is_none(stack: str) -> None:
    assert ask(stack) == {"says": [], "labels": []}


def test_an_app_leads_the_program_to_nobody_else() -> None:
    with listening() as app, listening() as other:
        app.status, app.headers = 302, {"Location": other.url}
        assert version._ask("127.0.0.1", app.port, "/health") == []
        assert (app.beats, other.beats) == (1, 0)
