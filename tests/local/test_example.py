"""The example that a new user builds and releases on the local stack."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import docker
import httpx
import pytest

from cli.build.build import sources
from local import doubles, images
from settings import StackFile, image_parts
from tests import places
from tests.waiting import eventually

pytestmark = pytest.mark.docker
PLACE = places.platform()
TAG = f"{PLACE.name}-example"
DOCKERFILE = places.ROOT / "local" / "example" / "Dockerfile"


@pytest.fixture(scope="module")
def app(machine: docker.DockerClient) -> str:
    """The stand-in app of the tests' registry."""
    login = places.local()
    words = PLACE.registry, login["registry"]["username"], login["registry_token"]
    doubles.registry(*words)
    return images.build("app", "1", *words)


@pytest.fixture
def folder(app: str, machine: docker.DockerClient, tmp_path: Path) -> Iterator[Path]:
    remove(machine)  # the rest of a killed run
    yield tmp_path
    remove(machine)
    machine.images.remove(TAG, force=True)


def remove(machine: docker.DockerClient) -> None:
    for container in machine.containers.list(all=True, filters={"name": TAG}):
        container.remove(force=True)


def answer(app: str, folder: Path, line: str, changed: str) -> httpx.Response:
    """Builds the example with one changed line, and returns what its health check gets."""
    text = DOCKERFILE.read_text()
    assert line in text.splitlines()
    (folder / "Dockerfile").write_text(text.replace(f"{line}\n", f"{changed}\n"))
    subprocess.run(["docker", "build", f"--build-arg=BASE={app}", f"--tag={TAG}", str(folder)], check=True)
    environment = {"PHX_SERVER": "true", "SECRET_KEY_BASE": "x" * 64}
    container = docker.from_env().containers.run(TAG, name=TAG, detach=True, environment=environment)
    container.reload()
    [network] = container.attrs["NetworkSettings"]["Networks"].values()
    url = f"http://{network['IPAddress']}:4000/health"
    eventually(lambda: httpx.get(url, trust_env=False))
    return httpx.get(url, trust_env=False)


def test_another_version_is_one_changed_line(app: str, folder: Path) -> None:
    seen = answer(app, folder, "ARG VERSION=2", "ARG VERSION=7")
    assert (seen.status_code, seen.json()) == (200, {"status": "ok", "version": "7"})


def test_a_release_that_never_becomes_healthy_is_one_changed_line(app: str, folder: Path) -> None:
    assert answer(app, folder, "ENV FAIL=", "ENV FAIL=unhealthy").status_code == 503


def test_the_local_stacks_service_is_built_from_it() -> None:
    [source] = sources("local", "legal", tag="2", allow_dirty=True)
    assert (source.context, source.part) == (DOCKERFILE.parent, "app")
    image = StackFile.read("local").block("services")["legal"]["app"]["image"]
    assert source.repository == image_parts(image)[0]
