"""An image is read with the stack's token, or with the login that Docker has on this machine."""

import base64
import json
from pathlib import Path

import pytest

from cli.engine import state
from cli.refused import Refused
from cli.registry import registry_login
from cli.registry.registry_http import Credentials
from cli.stack import services

HELPER = """#!/bin/sh
read server
[ "$server" = helped.example ] || { echo "credentials not found in native keychain"; exit 1; }
echo '{"ServerURL": "helped.example", "Username": "helper", "Secret": "kept"}'
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with stack files, and Docker's settings with a login to ghcr.io and to what a helper keeps."""
    monkeypatch.setattr(services, "ROOT", tmp_path)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    (tmp_path / "docker-credential-tested").write_text(HELPER)
    (tmp_path / "docker-credential-tested").chmod(0o755)
    login = {"auth": base64.b64encode(b"operator:docker's").decode()}
    helpers = {"helped.example": "tested", "unhelped.example": "tested"}
    settings = {"auths": {"ghcr.io": login, "https://index.docker.io/v1/": login}, "credHelpers": helpers}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    registry_login._token.cache_clear()
    return tmp_path


def stack(folder: Path, *lines: str) -> None:
    text = "\n".join(f"  sertantai:{line}" for line in lines)
    (folder / "Pulumi.here.yaml").write_text(f"config:\n  sertantai:host: {{kind: local}}\n{text}\n")


def test_the_stacks_own_token_is_used_for_its_registry_alone(folder: Path) -> None:
    stack(folder, "registry: {server: 'localhost:5000', username: puller}", "registry_token: own")
    assert registry_login.for_image("here", "localhost:5000/a/b:1") == Credentials("puller", "own")
    assert registry_login.for_image("here", "ghcr.io/a/b:1") == Credentials("operator", "docker's")
    assert registry_login.for_image("here", "quay.io/a/b:1") is None


def test_an_encrypted_token_is_read_by_the_engine(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stack(folder, "registry: {username: puller}", "registry_token: {secure: v1:abc}")
    monkeypatch.setattr(registry_login, "find_or_install", lambda: "pulumi")
    monkeypatch.setattr(state, "call", lambda *words, **_: f"{words[-1]} of {words[1]}\n")
    assert registry_login.for_image("here", "ghcr.io/a/b") == Credentials("puller", "sertantai:registry_token of here")


def test_dockers_login_is_used_where_the_token_is_missing_or_cannot_be_read(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stack(folder, "registry: {username: puller}")
    assert registry_login.for_image("here", "ghcr.io/a/b") == Credentials("operator", "docker's")
    stack(folder, "registry: {username: puller}", "registry_token: {secure: to-be-filled-in}")
    monkeypatch.setattr(registry_login, "find_or_install", lambda: None)
    registry_login._token.cache_clear()
    assert registry_login.for_image("here", "ghcr.io/a/b") == Credentials("operator", "docker's")
    (folder / "config.json").unlink()
    with pytest.raises(Refused, match="registry_token: it is encrypted"):
        registry_login.for_image("here", "ghcr.io/a/b")


@pytest.mark.parametrize(
    ("server", "login"),
    [
        ("helped.example", Credentials("helper", "kept")),
        ("registry-1.docker.io", Credentials("operator", "docker's")),
        ("unhelped.example", None),
        ("other.example", None),
    ],
)
def test_dockers_login_may_be_kept_by_a_helper(server: str, login: Credentials | None) -> None:
    assert registry_login.of_docker(server) == login


def test_a_registry_block_with_a_mistake_is_named(folder: Path) -> None:
    stack(folder, "registry: {server: 'https://ghcr.io', user: me}")
    with pytest.raises(Refused, match=r"registry/server, registry/user, registry/username: not valid"):
        registry_login.for_image("here", "ghcr.io/a/b")
