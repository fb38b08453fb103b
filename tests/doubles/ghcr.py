"""A registry that gives tokens as GHCR does, with GitHub's API for them, on a port of this machine."""

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

PAGE = 2
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def digest(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


@dataclass
class Ghcr:
    """`tokens` are passwords with their scopes, `public` the repositories that anyone may read."""

    server: str = ""
    tokens: dict[str, list[str]] = field(default_factory=dict)
    expiry: str = ""
    public: set[str] = field(default_factory=set)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    says_digest: bool = True
    fails_with: int = 0
    asked: list[str] = field(default_factory=list)
    uploads: set[str] = field(default_factory=set)

    def add(self, repository: str, tag: str, *, created: str, labels: dict[str, str] | None = None, **more: Any) -> str:
        """Adds an image, and returns its digest. With `is_index`, it is one of several platforms."""
        config = self._keep({"created": created, "config": {"Labels": labels}})
        image = self._keep({"mediaType": MANIFEST, "config": {"digest": config}})
        if more.get("is_index"):
            other = {"digest": self._keep({"other": tag}), "platform": {"architecture": "arm64"}}
            here = {"digest": image, "platform": {"architecture": "amd64"}}
            image = self._keep({"mediaType": INDEX, "manifests": [other, here]})
        self.tags.setdefault(repository, {})[tag] = image
        return image

    def _keep(self, document: dict[str, Any]) -> str:
        content = json.dumps(document).encode()
        self.contents[digest(content)] = content
        return digest(content)

    def scopes(self, header: str) -> list[str] | None:
        """The scopes of a login. None: it is wrong, or there is none."""
        kind, _, text = header.partition(" ")
        word = base64.b64decode(text).decode().partition(":")[2] if kind == "Basic" else text
        return self.tokens.get(word)


class _Handler(BaseHTTPRequestHandler):
    world: ClassVar[Ghcr]

    def log_message(self, *_: object) -> None:
        """Logs nothing."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        self.world.asked.append(f"{self.command} {self.path}")
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if parts.path == "/user":
            self._user()
        elif parts.path == "/token":
            self._token(query.get("scope", "repository::"))
        elif self.world.fails_with:
            self._answer(self.world.fails_with)
        else:
            self._registry(parts.path.removeprefix("/v2/"), query)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_POST(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        self.do_GET()

    def _user(self) -> None:
        scopes = self.world.scopes(self.headers.get("Authorization", ""))
        if scopes is None:
            return self._answer(401)
        told = {"X-OAuth-Scopes": ", ".join(scopes)}
        expiry = {"github-authentication-token-expiration": self.world.expiry} if self.world.expiry else {}
        return self._answer(200, {"login": "tester"}, told | expiry)

    def _token(self, scope: str) -> None:
        header = self.headers.get("Authorization", "")
        scopes = self.world.scopes(header)
        if header and scopes is None:
            return self._answer(403)
        _, repository, actions = scope.split(":")
        needed = {"pull": "read:packages", "push": "write:packages"}
        granted = [action for action in actions.split(",") if needed.get(action) in (scopes or [])]
        if repository in self.world.public:
            granted.append("pull")
        return self._answer(200, {"token": f"{repository}:{'+'.join(granted)}"})

    def _registry(self, path: str, query: dict[str, str]) -> None:
        if not path:  # what `docker login` asks for
            is_known = self.headers.get("Authorization", "").startswith("Bearer ")
            bare = f'Bearer realm="http://{self.world.server}/token",service="double"'
            return self._answer(200) if is_known else self._answer(401, headers={"WWW-Authenticate": bare})
        repository, kind, name = self._split(path)
        action = "push" if self.command in ("POST", "DELETE") else "pull"
        bearer = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not bearer.startswith(f"{repository}:"):
            scope = f"repository:{repository}:{'pull,push' if action == 'push' else 'pull'}"
            ask = f'Bearer realm="http://{self.world.server}/token",service="double",scope="{scope}"'
            return self._answer(401, headers={"WWW-Authenticate": ask})
        if action not in bearer.rpartition(":")[2].split("+"):
            return self._answer(403)
        if action == "push":
            return self._upload(path)
        return self._tags(repository, query) if kind == "tags" else self._content(repository, name)

    def _split(self, path: str) -> tuple[str, str, str]:
        words = path.split("/")
        at = next(index for index, word in enumerate(words) if word in ("manifests", "blobs", "tags"))
        return "/".join(words[:at]), words[at], words[at + 1]

    def _upload(self, path: str) -> None:
        if self.command == "DELETE":
            self.world.uploads.discard(path)
            return self._answer(204)
        self.world.uploads.add(f"{path}one")
        return self._answer(202, headers={"Location": f"/v2/{path}one"})

    def _tags(self, repository: str, query: dict[str, str]) -> None:
        if repository not in self.world.tags:
            return self._answer(404)
        names = sorted(self.world.tags[repository])
        after = [name for name in names if name > query.get("last", "")]
        page = after[:PAGE]
        more = {"Link": f'</v2/{repository}/tags/list?n=9&last={page[-1]}>; rel="next"'} if after[PAGE:] else {}
        return self._answer(200, {"name": repository, "tags": page}, more)

    def _content(self, repository: str, name: str) -> None:
        name = self.world.tags.get(repository, {}).get(name, name)
        content = self.world.contents.get(name)
        if content is None:
            return self._answer(404, {"errors": [{"code": "MANIFEST_UNKNOWN"}]})
        return self._answer(200, content, {"Docker-Content-Digest": name} if self.world.says_digest else {})

    def _answer(self, code: int, body: dict[str, Any] | bytes = b"", headers: dict[str, str] | None = None) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(code)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)


@contextmanager
def serving() -> Iterator[Ghcr]:
    """Runs a registry of its own."""
    world = Ghcr()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"world": world}))
    world.server = f"127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield world
    finally:
        server.shutdown()
        server.server_close()
