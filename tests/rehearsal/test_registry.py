"""Images: the requests to the registry, and the messages for its refusals."""

import base64
import gzip
import hashlib
import io
import json
import tarfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import docker
import pytest

from components.machine.confirmed import VARIABLE

from .sandbox import Sandbox

pytestmark = [pytest.mark.docker, pytest.mark.usefixtures("image")]


class Handler(BaseHTTPRequestHandler):
    """A registry with the image `app:1`, for user `tester` with the password `right`."""

    asked: ClassVar[list[str]] = []
    blobs: ClassVar[dict[str, bytes]] = {}

    def log_message(self, *_: object) -> None:
        """Logs nothing."""

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        wanted = "Basic " + base64.b64encode(b"tester:right").decode()
        name = self.path.rpartition("/")[2]
        self.asked.append(self.path)
        if self.headers.get("Authorization") != wanted:
            self.answer(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}')
        elif self.path == "/v2/":
            self.answer(200, b"{}")
        else:
            known = self.blobs.get(name)
            missing = b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
            self.answer(200 if known else 404, known or missing)

    def answer(self, code: int, body: bytes) -> None:
        self.send_response(code)
        kind = "application/vnd.docker.distribution.manifest.v2+json"
        self.send_header("Content-Type", kind if b"schemaVersion" in body else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Docker-Content-Digest", digest(body))
        if code == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="test"')
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """The address of a registry."""
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("empty"))
    layer = gzip.compress(content.getvalue())
    rootfs = {"type": "layers", "diff_ids": [digest(content.getvalue())]}
    config = json.dumps({"architecture": "amd64", "os": "linux", "config": {}, "rootfs": rootfs}).encode()
    kind = "application/vnd.docker."
    manifest = json.dumps(
        {
            "schemaVersion": 2,
            "mediaType": f"{kind}distribution.manifest.v2+json",
            "config": {"mediaType": f"{kind}container.image.v1+json", "size": len(config), "digest": digest(config)},
            "layers": [{"mediaType": f"{kind}image.rootfs.diff.tar.gzip", "size": len(layer), "digest": digest(layer)}],
        }
    ).encode()
    Handler.blobs |= {digest(each): each for each in (config, manifest, layer)} | {"1": manifest}
    registry = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=registry.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{registry.server_port}"
    registry.shutdown()


def provider(server: str, password: str = "right") -> dict[str, object]:
    auth = [{"address": f"http://{server}", "username": "tester", "password": f"secret:{password}"}]
    return {"kind": "provider", "inputs": {"registry_auth": auth}}


def test_a_tag_is_resolved_to_a_digest_and_the_digest_is_pulled(sandbox: Sandbox, server: str) -> None:
    sandbox.resources = {"registry": provider(server)}
    sandbox.config = {"asked": {"app": f"{server}/app:1"}}
    found = sandbox.up().document["outputs"]["app"]
    assert found == digest(Handler.blobs["1"])
    image = f"{server}/app@{found}"
    options = {"provider": "$registry", "delete_before_replace": False}
    sandbox.resources["app"] = {"kind": "image", "inputs": {"name": image, "keep_locally": True}, "options": options}
    client = docker.from_env()
    try:
        sandbox.up()
        id_ = client.images.get(image).id
        Handler.asked.clear()
        sandbox.resources["again"] = sandbox.resources["app"]
        del sandbox.config["asked"]
        assert sandbox.up().changes == {"create": ["again"]}
        assert Handler.asked == []
        sandbox.resources, sandbox.config = {}, {}
        sandbox.up()
        assert client.images.get(image).id == id_
    finally:
        client.images.remove(image)


def test_a_tag_that_moves_after_the_preview_is_applied_as_previewed(
    sandbox: Sandbox, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = Path(__file__).with_name("programs") / "pulled.py"
    (sandbox.folder / "__main__.py").write_text(program.read_text())
    sandbox.config = {"image": f"{server}/app:1", "registry_token": "right"}
    monkeypatch.setenv(VARIABLE, str(sandbox.folder / "digests.json"))
    previewed = sandbox.run("preview").document["outputs"]["image"]
    assert previewed == f"{server}/app@{digest(Handler.blobs['1'])}"
    moved = Handler.blobs["1"].replace(b"{", b"{ ", 1)
    monkeypatch.setitem(Handler.blobs, "1", moved)
    monkeypatch.setitem(Handler.blobs, digest(moved), moved)
    client = docker.from_env()
    try:
        assert sandbox.up().document["outputs"]["image"] == previewed
        assert previewed in client.images.get(previewed).attrs["RepoDigests"]
        # The next preview shows the moved tag.
        assert sandbox.run("preview").changes == {"replace": ["app-image"]}
    finally:
        client.images.remove(previewed)


def test_the_registrys_password_is_not_in_the_state(sandbox: Sandbox, server: str) -> None:
    sandbox.resources = {"registry": provider(server), "step": {"kind": "command", "inputs": {"create": "true"}}}
    sandbox.up()
    assert "right" not in sandbox.state_file.read_text()


def test_a_wrong_password_is_reported(sandbox: Sandbox, server: str) -> None:
    sandbox.resources = {"registry": provider(server, "wrong")}
    sandbox.config = {"asked": {"app": f"{server}/app:1"}}
    result = sandbox.run("preview")
    assert f"{server}/app:1: the registry refuses the password" in result.error
    assert "wrong" not in result.shown


def test_a_missing_password_is_reported(sandbox: Sandbox, server: str) -> None:
    sandbox.config = {"asked": {"app": f"{server}/app:1"}}
    assert f"{server}/app:1: the registry refuses the password" in sandbox.fails("up")


def test_a_missing_image_is_reported(sandbox: Sandbox, server: str) -> None:
    sandbox.resources = {"registry": provider(server)}
    sandbox.config = {"asked": {"app": f"{server}/app:2"}}
    assert f"{server}/app:2: the registry has no such image" in sandbox.fails("up")


def test_a_registry_that_does_not_answer_is_reported(sandbox: Sandbox) -> None:
    sandbox.config = {"asked": {"app": "127.0.0.1:1/app:1"}}
    assert "127.0.0.1:1/app:1: Get" in (error := sandbox.fails("up"))
    assert "connection refused" in error


@pytest.mark.parametrize(("tag", "words"), [("2", "refuses the password"), ("3", "has no such image")])
def test_a_pull_fails_with_the_same_message(sandbox: Sandbox, server: str, tag: str, words: str) -> None:
    sandbox.resources = {"registry": provider(server, "wrong" if tag == "2" else "right")}
    image = f"{server}/app@sha256:{tag * 64}"
    sandbox.resources["app"] = {"kind": "image", "inputs": {"name": image, "keep_locally": True}}
    sandbox.resources["app"]["options"] = {"depends_on": ["$registry"], "delete_before_replace": False}
    assert sandbox.fails("up").startswith(f"docker:RemoteImage app: the registry {words}")


def test_an_unknown_function_is_named(sandbox: Sandbox) -> None:
    sandbox.write()
    (sandbox.folder / "__main__.py").write_text("import pulumi_docker\n\npulumi_docker.get_network(name='bridge')\n")
    assert sandbox.fails("preview") == "docker:index/getNetwork:getNetwork bridge: the rehearsal does not support it"
