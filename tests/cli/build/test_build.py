"""`build` and `push`: images of a git checkout, tagged by its commit, in a registry that wants a login."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docker
import httpx
import pytest
from typer.testing import CliRunner

from cli.__main__ import app
from cli.build import build
from cli.refused import Refused
from cli.registry import registry, registry_login
from cli.stack import services
from local import doubles
from tests import places
from tests.doubles.ghcr import Ghcr, serving

NAME = "tests/built"
REGISTRY = places.platform().registry
TITLE = "org.opencontainers.image"


def git(folder: Path, *words: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(folder), *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project beside a git checkout with a backend and a frontend."""
    for module in (services, build):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "docker"))
    registry_login._token.cache_clear()
    for part in ("backend", "site"):
        (tmp_path / "legal" / part).mkdir(parents=True)
        (tmp_path / "legal" / part / "Dockerfile").write_text("ARG NOTE\nFROM scratch\nCOPY Dockerfile /\n")
    git(tmp_path / "legal", "init", "--quiet")
    git(tmp_path / "legal", "remote", "add", "origin", "https://me:secret@github.com/owner/legal.git")
    git(tmp_path / "legal", "add", ".")
    git(tmp_path / "legal", "commit", "--quiet", "--message", "first")
    declare(tmp_path, REGISTRY)
    return tmp_path


def declare(project: Path, server: str) -> None:
    login = places.local()
    config = {
        "sertantai:host": {"kind": "local"},
        "sertantai:registry": {"server": server, "username": login["registry"]["username"]},
        "sertantai:registry_token": login["registry_token"],
        "sertantai:services": {
            "legal": {
                "app": {"image": f"{server}/{NAME}:1", "build": {"context": "legal/backend"}},
                "frontend": {"image": f"{server}/{NAME}-site", "build": {"context": "legal/site"}},
            },
            "auth": {"app": {"image": f"{server}/auth:1"}},
        },
    }
    (project / "Pulumi.here.yaml").write_text(json.dumps({"config": config}))


def commit(project: Path) -> str:
    return git(project / "legal", "rev-parse", "HEAD")


def call(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words, "--stack", "here"])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


@pytest.fixture
def images(machine: docker.DockerClient) -> Iterator[Any]:
    """Docker's images. Those of these tests are removed."""
    yield machine.images
    names = (f"{REGISTRY}/{NAME}", f"{REGISTRY}/{NAME}-site")
    for image in {str(image.id) for name in names for image in machine.images.list(name)}:
        machine.images.remove(image, force=True)


@pytest.fixture
def local_registry(machine: docker.DockerClient) -> str:
    login = places.local()
    doubles.registry(REGISTRY, login["registry"]["username"], login["registry_token"])
    return REGISTRY


@pytest.mark.docker
def test_images_have_the_commit_as_their_tag_and_the_next_command_is_named(
    project: Path, images: Any, local_registry: str
) -> None:
    git(project / "legal", "checkout", "--quiet", "--detach")
    tag = commit(project)[:9]
    code, shown = call("build", "legal")
    assert (code, shown.splitlines()[-1]) == (0, "next: ./sertantai push legal --stack here")
    labels = images.get(f"{REGISTRY}/{NAME}:{tag}").labels
    assert labels[f"{TITLE}.source"] == "https://github.com/owner/legal"
    assert labels[f"{TITLE}.created"].startswith("20")
    code, shown = call("push", "legal")
    digests = {name: registry.resolve(f"{local_registry}/{name}:{tag}", login()) for name in (NAME, f"{NAME}-site")}
    assert (code, shown.splitlines()[-4:]) == (
        0,
        [
            f"legal/app: {local_registry}/{NAME}:{tag}@{digests[NAME]}",
            "legal/frontend: the tag latest is this image now",
            f"legal/frontend: {local_registry}/{NAME}-site:{tag}@{digests[f'{NAME}-site']}",
            f"next: ./sertantai deploy legal --tag {tag} --stack here",
        ],
    )
    # The stack file names the tag latest of the frontend alone, so it is moved.
    assert registry.resolve(f"{local_registry}/{NAME}-site:latest", login()) == digests[f"{NAME}-site"]
    with pytest.raises(Refused, match="no such tag"):
        registry.resolve(f"{local_registry}/{NAME}:latest", login())
    assert registry.inspect(f"{local_registry}/{NAME}:{tag}", login()).labels[f"{TITLE}.revision"] == commit(project)


def login() -> Any:
    return registry_login.for_image("here", f"{REGISTRY}/x")


@pytest.mark.docker
def test_uncommitted_files_are_refused_and_named_unless_they_are_allowed(project: Path, images: Any) -> None:
    (project / "legal" / "backend" / "new.ex").touch()
    code, shown = call("build", "legal")
    assert (code, "backend/new.ex" in shown, images.list(f"{REGISTRY}/{NAME}")) == (1, True, [])
    assert build.sources("here", "legal", ["frontend"])  # its own folder is as committed
    assert call("build", "legal", "--backend", "--allow-dirty")[0] == 0
    labels = images.get(f"{REGISTRY}/{NAME}:{commit(project)[:9]}-dirty").labels
    assert labels[f"{TITLE}.revision"] == f"{commit(project)}-dirty"
    [site] = build.sources("here", "legal", ["frontend"])
    (project / "legal/site/new.css").touch()
    [dirty] = build.sources("here", "legal", ["frontend"], allow_dirty=True)
    assert (site.moves_latest, dirty.moves_latest) == (True, False)


@pytest.mark.docker
def test_a_failed_build_tags_nothing_and_shows_the_line_of_its_cause(
    project: Path, images: Any, base_image: str
) -> None:
    (project / "legal/backend/actors.ex").write_text("defmodule A do\n  @pattern ~r/a/\nend\n")
    (project / "legal/backend/Dockerfile").write_text(
        f"FROM {base_image}\nRUN echo 'error: Failed to load NIF library' && false\n"
    )
    code, shown = call("build", "legal", "--backend", "--tag", "broken", "--allow-dirty")
    assert (code, images.list(f"{REGISTRY}/{NAME}")) == (1, [])
    assert "legal/app: docker build failed with exit code 1; nothing was tagged" in shown
    assert "  actors.ex:2: @pattern" in shown.splitlines()


@pytest.mark.docker
def test_an_image_that_is_not_built_is_not_pushed(project: Path, local_registry: str) -> None:
    code, shown = call("push", "legal", "--backend")
    assert code == 1
    assert "run `./sertantai build legal --backend --stack here`, or push with --build" in shown


def test_an_interrupted_build_ends_docker_and_says_what_is_left(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/docker").write_text(
        f"#!/bin/sh\ntrap 'touch {tmp_path}/ended; kill $!; exit 1' INT\nsleep 0.5\nkill -INT $PPID\nsleep 60 & wait\n"
    )
    (tmp_path / "bin/docker").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=":")
    # Who starts the tests in the background may have them ignore it.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        code, shown = call("build", "legal", "--backend")
    finally:
        signal.signal(signal.SIGINT, before)
    assert (code, "interrupted: no image was tagged" in shown) == (1, True)
    assert (tmp_path / "ended").exists()


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (["legla"], "did you mean legal?"),
        (["auth"], "services/auth/app/build: is missing"),
        (["auth", "--frontend"], "services/auth/frontend/build: is missing"),
        (["legal", "--tag", "a b"], "--tag: a b must be"),
    ],
)
def test_what_cannot_be_built_is_named(project: Path, words: list[str], refusal: str) -> None:
    code, shown = call("build", *words)
    assert (code, refusal in shown) == (1, True)


def test_sources_in_no_checkout_need_a_tag(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project))
    (project / "legal/.git").rename(project / "git")
    code, shown = call("build", "legal")
    assert (code, "is in no git checkout with a commit: name the tag with --tag" in shown) == (1, True)


def test_a_builder_and_a_last_stage_of_different_releases_are_refused_before_the_build(project: Path) -> None:
    text = "FROM hexpm/elixir:1.18.4-erlang-27.3-alpine-3.23.3 AS build\nFROM alpine:3.21\nCOPY --from=build /a /\n"
    (project / "legal/backend/Dockerfile").write_text(text)
    code, shown = call("build", "legal", "--allow-dirty")
    assert code == 1
    assert "services/legal/app/build: Dockerfile:2: the stage build builds on Alpine 3.23" in shown


# The login is checked before anything is built: no Docker is needed to be refused.


@pytest.fixture
def ghcr(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ghcr]:
    with serving() as world:
        monkeypatch.setitem(registry.TOKEN_OWNERS, world.server, f"http://{world.server}/user")
        declare(project, world.server)
        yield world


def check_fails(ghcr: Ghcr, monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    monkeypatch.setattr(build, "build", lambda _: pytest.fail("it was built"))
    code, shown = call("push", "legal", "--build")
    assert code == 1
    assert words in shown
    assert places.local()["registry_token"] not in shown
    assert ghcr.uploads == set()


def test_a_token_that_has_expired_stops_a_push_before_the_build(ghcr: Ghcr, monkeypatch: pytest.MonkeyPatch) -> None:
    check_fails(ghcr, monkeypatch, "has expired, was revoked or is wrong: make one at https://github.com/settings")


@pytest.mark.parametrize(
    ("scopes", "lacks"),
    [
        (["read:packages"], "the token lacks write:packages (it has read:packages)"),
        (["write:packages"], "the token lacks read:packages (it has write:packages)"),
        ([], "the token lacks write:packages and read:packages (it has no scope)"),
    ],
)
def test_a_token_is_refused_by_what_it_lacks(
    ghcr: Ghcr, monkeypatch: pytest.MonkeyPatch, scopes: list[str], lacks: str
) -> None:
    ghcr.tokens = {places.local()["registry_token"]: scopes}
    check_fails(ghcr, monkeypatch, lacks)


def test_a_machine_without_a_login_is_told_the_command(
    ghcr: Ghcr, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(project, "ghcr.io")
    check_fails(
        ghcr, monkeypatch, "ghcr.io: nobody is logged in on this machine: run `./sertantai login --push --stack here`"
    )


def test_a_registry_that_is_down_stops_a_push(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declare(project, "127.0.0.1:1")
    monkeypatch.setattr(build, "build", lambda _: pytest.fail("it was built"))
    with pytest.raises(httpx.ConnectError):
        httpx.get("http://127.0.0.1:1")
    code, shown = call("push", "legal", "--build")
    assert (code, "127.0.0.1:1 does not answer" in shown) == (1, True)
