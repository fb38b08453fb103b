"""The gateway on a real nginx, with clients that are slow, many, or forge the host."""

import json
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

import pytest

from render import nginx
from tests.throwaway.box import GATEWAY_MB, Boxes, docker
from tests.throwaway.sites import placeholder, remove, switch
from tests.throwaway.wire import Wire, connect, port
from tests.waiting import eventually

from ..settings.stack import REMOVED
from .test_gateway import curl, site

pytestmark = pytest.mark.docker
HOST = "attacked.sertantai.com"
MB = 2**20
APP = """
import http.server, json, time
class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        body = json.dumps({k.lower(): v for k, v in self.headers.items()}).encode()
        if self.path == "/hang": time.sleep(60)
        if self.path == "/big": body = bytes(32 * 2**20)
        self.send_response(200)
        if self.path == "/page": self.send_header("Link", ", ".join(f"</chunk{n}.js>; rel=preload" for n in range(400)))
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        if self.path == "/hang": time.sleep(60)
        got, piece = 0, b"-"
        while piece and got < int(self.headers["Content-Length"]):
            piece = self.rfile.read1(65536)
            got += len(piece)
        self.path = ""
        self.do_GET()
    def log_message(self, *words): pass
class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 2000
Server(("", 4000), App).serve_forever()
"""
FORGED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Port": "1",
    "X-Forwarded-Proto": "http",
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Prefix": "/evil",
    "Forwarded": "for=6.6.6.6;host=evil.example",
    "X-Real-IP": "6.6.6.6",
    "X-Original-URL": "/evil",
    "X-Rewrite-URL": "/evil",
}


@pytest.fixture(scope="module")
def attacked(shared: Boxes, gateway: str) -> Iterator[str]:
    """A gateway before an app that reads all it receives, another site's, and one that is down."""
    app = ["--network", shared.stack, "--network-alias", "attacked-app-1a2b3c4"]
    shared.start("attacked", f"exec python3 -c '{APP}'", options=app)
    names = {"attacked": {"body_mb": 100}, "neighbour": {}, "gone": {}}
    for name, changes in names.items():
        alone = {"domain": f"{name}.sertantai.com", "app/routes": REMOVED, "frontend": REMOVED, "electric": REMOVED}
        text, domain = site(name, alone | changes)
        assert domain
        assert placeholder(gateway, domain).ok
        switched = switch(gateway, name, text)
        assert switched.ok, switched.out
    eventually(lambda: serves(gateway))
    yield gateway
    for name in names:
        remove(gateway, name)


def serves(gateway: str) -> bool:
    """Whether a client at another address gets its answer."""
    return curl(gateway, f"https://{HOST}/").rpartition("\n")[2] == "200"


def kept_kb(gateway: str) -> int:
    """Returns the size of its deleted temporary files."""
    return int(docker("exec", gateway, "df", "--output=used", "/tmp").out.split()[-1])


def has_lost_a_worker(gateway: str) -> bool:
    return "exited on signal" in docker("logs", gateway).error


def headers(path: str, host: str = HOST, **more: str) -> bytes:
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", *(f"{name}: {value}" for name, value in more.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def push(connection: ssl.SSLSocket, size: int) -> None:
    """Sends an endless body, as fast as it is accepted."""
    sent = 0
    connection.settimeout(1)
    with connection:
        connection.sendall(f"POST /hang HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n".encode())
        try:
            while sent < size - MB:
                sent += connection.send(bytes(65536))
        except TimeoutError:
            pass
        time.sleep(3)


def test_slow_uploads_use_neither_the_gateways_memory_nor_others_connections(attacked: str) -> None:
    before = kept_kb(attacked)
    with ThreadPoolExecutor(14) as pool:
        slow = [pool.submit(push, connect(port(attacked), HOST), 20 * MB) for _ in range(13)]
        time.sleep(1)
        with Wire(attacked, HOST) as wire:
            head = f"POST / HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {20 * MB}\r\n\r\n".encode()
            assert wire.ask(head + bytes(20 * MB))[0] == 200
        assert kept_kb(attacked) == before
        for each in slow:
            each.result()
    assert serves(attacked)
    assert not has_lost_a_worker(attacked)


def test_answers_that_are_read_late_arrive_whole_and_do_not_use_the_gateways_memory(attacked: str) -> None:
    before = kept_kb(attacked)
    with ExitStack() as open_ones:
        late = [open_ones.enter_context(connect(port(attacked), HOST)) for _ in range(4)]
        for one in late:
            one.sendall(headers("/big"))
        time.sleep(1)
        assert kept_kb(attacked) == before
        assert serves(attacked)
        for one in late:
            missing = 32 * MB
            while missing > 0 and (piece := one.recv(2**18)):
                missing -= len(piece)
            assert missing <= 0
    assert not has_lost_a_worker(attacked)


@pytest.mark.parametrize(("size", "status"), [(MB, 502), (MB + 1, 413)])
def test_a_site_accepts_bodies_up_to_its_limit(attacked: str, size: int, status: int) -> None:
    with Wire(attacked, "gone.sertantai.com") as wire:
        head = f"POST / HTTP/1.1\r\nHost: gone.sertantai.com\r\nContent-Length: {size}\r\n\r\n".encode()
        assert wire.ask(head + bytes(size if status == 502 else 0))[0] == status


def test_concurrent_requests_of_one_address_are_limited_and_others_are_served(attacked: str) -> None:
    def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
        return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload

    path, name, allowed = b"/hang", HOST.encode(), GATEWAY_MB * nginx.REQUESTS_PER_MB
    asked = b"\x82\x87\x04" + bytes([len(path)]) + path + b"\x01" + bytes([len(name)]) + name
    with ExitStack() as open_ones:
        connections = [open_ones.enter_context(connect(port(attacked), HOST, "h2")) for _ in range(4)]
        seen = [b""] * len(connections)
        for connection in connections:
            connection.settimeout(0.1)
            connection.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
            connection.sendall(b"".join(frame(1, 5, 2 * number + 1, asked) for number in range(100)))

        def refused() -> int:
            for index, connection in enumerate(connections):
                with suppress(TimeoutError):
                    while piece := connection.recv(65536):
                        seen[index] += piece
            return sum(each.count(b"\x03429") for each in seen)

        eventually(lambda: 400 - allowed <= refused() < 400)
        assert serves(attacked)


def resident_kb(gateway: str) -> dict[str, int]:
    """Returns the memory of each of nginx's processes."""
    files = "$(grep -l '^Name:.nginx$' /proc/[0-9]*/status)"
    found = docker("exec", gateway, "sh", "-c", f"grep VmRSS {files} /dev/null").out
    return {line.split(":")[0]: int(line.split()[1]) for line in found.splitlines()}


def test_a_connection_with_half_a_request_and_large_headers_uses_no_more_than_its_share(attacked: str) -> None:
    cookie = b"Cookie: " + b"c" * 8000 + b"\r\n"
    half = f"GET / HTTP/1.1\r\nHost: {HOST}\r\n".encode() + 3 * cookie
    count, share_kb = 100, 1024 / (2 * nginx.CONNECTIONS_PER_MB)

    taken: dict[str, int] = {}

    def measured_on_the_same_workers() -> bool:
        """A worker's first connections touch memory that all share; a new certificate is a reload."""
        with ExitStack() as open_ones:

            def ask(times: int) -> dict[str, int]:
                for _ in range(times):
                    open_ones.enter_context(connect(port(attacked), HOST)).sendall(half)
                assert serves(attacked)
                return resident_kb(attacked)

            before, after = ask(20), ask(count)
        taken.clear()
        taken.update({process: kb - before.get(process, 0) for process, kb in after.items()})
        return before.keys() == after.keys()

    eventually(measured_on_the_same_workers)
    assert sum(taken.values()) < count * share_kb
    assert not has_lost_a_worker(attacked)


def test_the_app_receives_the_sites_own_host_despite_a_forged_one(attacked: str) -> None:
    with Wire(attacked, HOST) as wire:
        lies = [
            headers("/", **FORGED),
            headers(f"https://{HOST}/", "evil.example", **FORGED),
            headers("/", f"{HOST}:1"),
        ]
        for lie in lies:
            status, body = wire.ask(lie)
            assert status == 200, lie
            heard: dict[str, Any] = json.loads(body)
            assert (heard["host"], heard["x-forwarded-host"]) == (HOST, HOST), lie
            assert (heard["x-forwarded-port"], heard["x-forwarded-proto"]) == ("443", "https")
            assert "evil" not in str(heard)
            assert "6.6.6.6" not in str(heard)


def test_a_container_that_calls_another_cannot_forge_its_host_either(attacked: str) -> None:
    lies = [word for name, value in FORGED.items() for word in ("-H", f"{name}: {value}")]
    body = curl(
        attacked, "http://attacked:4000/", *lies, "--request-target", "http://attacked:4000/", "-H", "Host: evil"
    )
    heard = json.loads(body.rpartition("\n")[0])
    assert (heard["host"], heard["x-forwarded-host"], heard["x-forwarded-port"]) == ("attacked:4000",) * 2 + ("4000",)
    assert "evil" not in str(heard)
    assert "6.6.6.6" not in str(heard)


@pytest.mark.parametrize("name", [None, "unknown.sertantai.com", "attacked", "127.0.0.1"])
def test_a_handshake_without_the_name_of_a_site_is_refused(attacked: str, name: str | None) -> None:
    with pytest.raises(OSError, match=r"UNRECOGNIZED_NAME|unrecognized name"):
        connect(port(attacked), name)


@pytest.mark.parametrize(
    ("host", "status"),
    [(HOST, 200), (HOST.upper(), 200), (f"{HOST}:8443", 200), ("neighbour.sertantai.com", 421), ("evil.example", 0)],
)
def test_a_request_for_a_different_site_from_the_handshakes_is_refused(attacked: str, host: str, status: int) -> None:
    with Wire(attacked, HOST) as wire:
        assert wire.ask(headers("/", host))[0] == status


def test_the_headers_of_a_page_of_sveltekit_are_passed_on(attacked: str) -> None:
    with Wire(attacked, HOST) as wire:
        assert wire.ask(headers("/page"))[0] == 200


def test_no_log_has_a_query_which_may_be_a_token(attacked: str) -> None:
    token = "t0k3n"
    asked = f'/auth/callback?token={token}&a="{token}'
    for name, status in (("attacked", 200), ("gone", 502)):
        host = f"{name}.sertantai.com"
        with Wire(attacked, host) as wire:
            assert wire.ask(headers(asked, host, Referer=f"https://{host}{asked}"))[0] == status
    eventually(lambda: docker("logs", attacked).out.count('"GET /auth/callback HTTP/1.1"') >= 2)
    eventually(lambda: 'request: "GET /auth/callback?... HTTP/1.1"' in docker("logs", attacked).error)
    logged = docker("logs", attacked)
    assert token not in logged.out + logged.error
