"""The Hetzner Cloud API on this machine, for tests."""

import json
import secrets
import socket
import threading
from collections.abc import Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

from tests.doubles.hetzner import (
    firewalls,
    keys,
    primary_ips,
    resources,
    rrsets,
    server_actions,
    servers,
    volumes,
    zones,
)
from tests.doubles.hetzner.errors import Refused
from tests.doubles.hetzner.faults import Fault
from tests.doubles.hetzner.machines import Machines
from tests.doubles.hetzner.project import Project
from tests.doubles.hetzner.rate import RateLimit
from tests.doubles.hetzner.reading import Json
from tests.doubles.hetzner.routes import Answer, Request, find

PREFIX = "/v1"
SERVED = (firewalls, keys, primary_ips, resources, rrsets, server_actions, servers, volumes, zones)
"""Modules that register their routes at import."""


class Sent(NamedTuple):
    """A request as it was received; the path is without /v1 and the query."""

    method: str
    path: str
    body: Json | None


class Api(Project):
    """A project that is served over HTTP until the context ends. Its state can be read and changed at any time."""

    def __init__(
        self,
        *,
        machines: Machines | None = None,
        action_s: float = 0.05,
        limits: Mapping[str, int] | None = None,
        rate_limit: int = 3600,
        ipv4_network: str = "192.0.2.0/24",
        first_host: int = 10,
        zone_names: Iterable[str] = (),
    ) -> None:
        super().__init__(
            machines=machines, action_s=action_s, limits=limits, ipv4_network=ipv4_network, first_host=first_host
        )
        self.requests: list[Sent] = []
        self.rate = RateLimit(rate_limit)
        self.closed = threading.Event()
        for name in zone_names:
            zones.add_zone(self, {"name": name, "mode": "primary"})
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.api = self
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}{PREFIX}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="Hetzner API").start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closed.set()
        self._server.shutdown()
        self._server.server_close()
        self.action_log.close()

    def sent(self, method: str, path: str) -> list[Json | None]:
        """Returns the bodies of all requests of this method to this path."""
        return [request.body for request in self.requests if request[:2] == (method, path)]

    def answer(self, method: str, url: str, authorization: str | None, raw: bytes) -> tuple[int, bytes]:
        """Returns the status and the text of the answer to a request."""
        parts = urlsplit(url)
        path = unquote(parts.path).removeprefix(PREFIX)
        with self.lock:
            try:
                status, body = self._handle(method, path, parse_qs(parts.query), authorization, raw)
            except Refused as refused:
                status, body = refused.status, refused.body()
            return status, b"" if body is None else json.dumps(body).encode()

    def _handle(
        self, method: str, path: str, query: dict[str, list[str]], authorization: str | None, raw: bytes
    ) -> Answer:
        body = _parsed(raw)
        self.requests.append(Sent(method, path, body))
        if authorization != f"Bearer {self.token}":
            raise Refused(401, "unauthorized", "unable to authenticate")
        handler, names = find(method, path)
        return handler(self, Request(body=body or {}, query=query, parts=names))


def _parsed(raw: bytes) -> Json | None:
    if not raw:
        return None
    try:
        body = json.loads(raw)
    except ValueError:
        body = raw
    if not isinstance(body, dict):
        raise Refused(400, "json_error", "invalid JSON in request")
    return body


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    api: Api


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    server: _Server

    def _serve(self) -> None:
        api = self.server.api
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        path = unquote(urlsplit(self.path).path).removeprefix(PREFIX)
        fault = api.faults.of_request(self.command, path)
        if fault and fault.kind == "cut":
            return self._cut()
        if fault and fault.kind == "timeout":
            api.closed.wait(fault.seconds)
            if fault.seconds is None:
                return self._cut()
        allowed, headers = api.rate.take()
        if not allowed:
            refused = Refused(429, "rate_limit_exceeded", "limit of requests per hour reached")
            return self._send(refused.status, json.dumps(refused.body()).encode(), headers)
        if fault and fault.kind == "error":
            return self._send(fault.status, _told(fault), headers)
        status, text = api.answer(self.command, self.path, self.headers.get("Authorization"), raw)
        if fault and fault.kind == "lost":
            return self._cut()
        return self._send(status, text, headers)

    do_GET = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def _cut(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def _send(self, status: int, text: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("X-Correlation-Id", secrets.token_hex(8))
        if status != 204:
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Requests are recorded, not printed."""


def _told(fault: Fault) -> bytes:
    return json.dumps(Refused(fault.status, fault.code, f"fault asked for by a test: {fault.code}").body()).encode()
