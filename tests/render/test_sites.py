"""A site's other names, headers, closed paths and routes, and sites for foreign containers, on a real nginx."""

import itertools
import json
import random
import re
import ssl
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import unquote

import pytest

from render import nginx
from settings import parse
from tests.throwaway.box import Boxes, docker
from tests.throwaway.sites import placeholder, remove, switch
from tests.throwaway.wire import Wire, connect, port
from tests.waiting import eventually

from ..settings.stack import REMOVED, SMALL, changed
from .test_gateway import curl

pytestmark = pytest.mark.docker
HOST, ALIAS, REDIRECT = "sited.sertantai.com", "alias.example.org", "www.sited.sertantai.com"
POLICY = """default-src 'self' https://*.test; report-uri "/csp\\a"; {}"""
OPEN, OPEN_ALIAS = "open.sertantai.com", "open.example.org"
CLOSED = ["/health/detailed", "/admin/"]
MB = 2**20
APP = r"""
import hashlib, http.server, json, sys, time
class App(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    def do_GET(self):
        if "Upgrade" in self.headers: return self.echo()
        if self.path.endswith("/events"): return self.events()
        if self.path.endswith("/slow"): time.sleep(3)
        body = json.dumps({"path": self.path, **{k.lower(): v for k, v in self.headers.items()}}).encode()
        self.send_response(404 if self.path == "/missing" else 200)
        for name in ("X-Frame-Options", "X-Own", "Referrer-Policy"): self.send_header(name, "of the app")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_POST(self):
        left = int(self.headers["Content-Length"])
        while left: left -= len(self.rfile.read1(min(left, 65536)))
        self.do_GET()
    def events(self):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for number in range(6):
            event = b"data: %d\n\n" % number
            self.wfile.write(b"%x\r\n%s\r\n" % (len(event), event))
            self.wfile.flush()
            time.sleep(0.5)
        self.wfile.write(b"0\r\n\r\n")
    def echo(self):
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.end_headers()
        self.wfile.flush()
        while piece := self.rfile.read1(100):
            self.wfile.write(piece)
            self.wfile.flush()
        self.close_connection = True
    def log_message(self, *words): pass
http.server.ThreadingHTTPServer(("", int(sys.argv[1])), App).serve_forever()
"""


def site(changes: dict[str, Any], name: str = "sited") -> str:
    """Returns the file of a site without a frontend and an Electric."""
    alone = {"domain": HOST, "frontend": REMOVED, "electric": REMOVED, "app/routes": REMOVED} | changes
    stack = changed(SMALL, {"services": {name: SMALL["services"]["legal"]}})
    service = parse(changed(stack, {f"services/{name}/{path}": value for path, value in alone.items()})).services[name]
    return nginx.site(name, service, {"app": [f"{name}-app-1a2b3c4"]}, None, 443)


@pytest.fixture(scope="module")
def sited(shared: Boxes, gateway: str) -> Iterator[str]:
    """A gateway with a site that has everything, and one whose app serves every path that is not closed."""
    names = [word for name in ("sited", "open") for word in ("--network-alias", f"{name}-app-1a2b3c4")]
    shared.start("sited", f"exec python3 -c '{APP}' 4000", options=["--network", shared.stack, *names])
    routes: dict[str, Any] = {
        "/api/": {}, "/brief/": {"timeout_s": 1}, "/large/": {"body_mb": 3}, "/gathered/": {"buffering": True},
        "/health": {}, "/missing": {}, "/a/": {}, "/events": {}, "/live/": {},
    }  # fmt: skip
    headers = {"Content-Security-Policy-Report-Only": POLICY, "x-frame-options": "DENY", "Referrer-Policy": ""}
    changes = {"aliases": [ALIAS], "redirects": [REDIRECT], "headers": headers, "closed": CLOSED, "app/routes": routes}
    for host in (HOST, ALIAS, REDIRECT, OPEN, OPEN_ALIAS):
        assert placeholder(gateway, host).ok
    whole = {"domain": OPEN, "aliases": [OPEN_ALIAS], "closed": CLOSED}
    for name, text in (("sited", site(changes)), ("open", site(whole, "open"))):
        switched = switch(gateway, name, text)
        assert switched.ok, switched.out
    eventually(lambda: {status(gateway, f"https://{host}/health") for host in (HOST, OPEN)} == {"200"})
    yield gateway
    for name in ("sited", "open"):
        remove(gateway, name)


def status(gateway: str, url: str, *options: str) -> str:
    return curl(gateway, url, *options).splitlines()[-1].split()[0]


def heard(gateway: str, url: str, *options: str) -> dict[str, Any]:
    """Returns what the app has received."""
    received: dict[str, Any] = json.loads(curl(gateway, url, *options).rpartition("\n")[0])
    return received


@pytest.mark.parametrize("host", [HOST, ALIAS])
def test_the_app_receives_the_name_that_was_asked_for_and_no_other(sited: str, host: str) -> None:
    forged = [word for name in ("X-Forwarded-Host", "Forwarded", "X-Original-URL") for word in ("-H", f"{name}: evil")]
    received = heard(sited, f"https://{host}/health", *forged)
    assert (received["host"], received["x-forwarded-host"], received["x-forwarded-proto"]) == (host, host, "https")
    assert "evil" not in str(received)


def test_an_alias_is_redirected_to_its_own_https(sited: str) -> None:
    assert curl(sited, f"http://{ALIAS}/a?b=c").splitlines()[-1] == f"308 https://{ALIAS}/a?b=c"


@pytest.mark.parametrize("protocol", ["http", "https"])
def test_a_redirect_keeps_the_path_over_both_protocols(sited: str, protocol: str) -> None:
    answer = curl(sited, f"{protocol}://{REDIRECT}/a%20b/?c=d%26e&f").splitlines()[-1]
    assert answer == f"308 https://{HOST}/a%20b/?c=d%26e&f"


def test_a_redirect_answers_the_certificate_authority_itself(sited: str) -> None:
    folder = f"{nginx.WEBROOT}/.well-known/acme-challenge"
    assert docker("exec", sited, "sh", "-c", f"mkdir -p {folder} && printf answer > {folder}/token").ok
    assert curl(sited, f"http://{REDIRECT}/.well-known/acme-challenge/token").startswith("answer\n200")


def fields(gateway: str, url: str, *options: str) -> list[tuple[str, str]]:
    """Returns the headers of an answer, by their names in small letters."""
    head = curl(gateway, url, "-i", *options).partition("\r\n\r\n")[0]
    return [(name.lower(), value) for name, _, value in (line.partition(": ") for line in head.splitlines()[1:])]


ANSWERS = {
    "the app's": (f"https://{HOST}/health", ()),
    "the app's error": (f"https://{HOST}/missing", ()),
    "not found": (f"https://{HOST}/nowhere", ()),
    "closed": (f"https://{HOST}/admin", ()),
    "misdirected": (f"https://{ALIAS}/", ("-H", f"Host: {HOST}")),
    "too large": (f"https://{HOST}/api/", ("-H", f"Content-Length: {MB + 1}", "-d", "x")),
    "an alias": (f"https://{ALIAS}/nowhere", ()),
    "a redirect": (f"https://{REDIRECT}/", ()),
}


def assert_headers(answer: list[tuple[str, str]]) -> None:
    names = [name for name, _ in answer]
    assert dict(answer)["content-security-policy-report-only"] == POLICY
    assert dict(answer)["x-frame-options"] == "DENY"
    for name in ("content-security-policy-report-only", "x-frame-options", "strict-transport-security"):
        assert names.count(name) == 1, name
    assert "referrer-policy" not in names


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_every_answer_of_the_site_has_its_headers_once(sited: str, answer: tuple[str, tuple[str, ...]]) -> None:
    url, options = answer
    assert_headers(fields(sited, url, *options))


def test_the_notice_during_a_restore_has_the_sites_headers_too(sited: str) -> None:
    flag = f"{nginx.MAINTENANCE}/sited"
    assert docker("exec", sited, "sh", "-c", f"mkdir -p {nginx.MAINTENANCE} && touch {flag}").ok
    try:
        for host in (HOST, ALIAS):
            assert status(sited, f"https://{host}/") == "503"
            assert_headers(fields(sited, f"https://{host}/"))
    finally:
        assert docker("exec", sited, "rm", flag).ok


def test_other_headers_of_the_app_are_passed_on(sited: str) -> None:
    assert ("x-own", "of the app") in fields(sited, f"https://{HOST}/health")


WRITTEN = [
    "/health/detailed", "/health/detailed/", "/health/detailed?a=b", "/health//detailed", "//health/detailed",
    "/HEALTH/Detailed", "/health/%64etailed", "/%68ealth/detailed", "/health%2Fdetailed", "/health%2fdetailed%2F",
    "/health/detailed%2F", "/health/./detailed", "/x/../health/detailed", "/health/x/../detailed/.",
    "/x/%2e%2e/health/detailed", "/health/detailed;a=b", "/health/detailed#a", "/health/detailed/more",
    "/admin", "/admin/", "/ADMIN/x", "/admin/../health", "/admin/..%2fhealth", "/admin/%2E%2E/health", "/admin/../a/b",
    "/a/../admin/x", "/admin/..", "/admin/..?a", "/admin%2f..%2fa/b", "/admin//../a/b", "/a/b/..;/admin",
]  # fmt: skip


def written(wire: Wire, path: str, host: str = OPEN) -> tuple[int, bytes]:
    return wire.ask(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())


def segments(path: str) -> list[str]:
    """Returns a path as Phoenix reads it, with small letters."""
    return [unquote(each).lower() for each in re.split("[?#]", path)[0].split("/") if each]


def is_closed(path: str) -> bool:
    read = segments(path)
    return read[:2] == ["health", "detailed"] or read[:1] == ["admin"]


@pytest.mark.parametrize("host", [OPEN, OPEN_ALIAS])
def test_a_closed_path_is_not_found_however_it_is_written(sited: str, host: str) -> None:
    with Wire(sited, host) as wire:
        for path in WRITTEN:
            for asked in (path, f"https://{host}{path}"):
                assert written(wire, asked, host)[0] in (404, 400), asked


@pytest.mark.parametrize(
    "path", ["/health", "/admins", "/healthy/detailed", "/a/health/detailed", "/a/..b/x.", "/a/b?../c"]
)
def test_a_path_that_only_looks_alike_is_open(sited: str, path: str) -> None:
    with Wire(sited, OPEN) as wire:
        assert written(wire, path)[0] == 200


SEPARATORS = ["/", "//", "%2f", "/./", "/a/../", "%2F%2f", "/%2e/"]
AROUND = [
    *("", "", "", "/", "//", ".", "..", "/..", "/../", "%2e%2e", "/a", "a", ";", "/;a", "#", "?", "%23", "%3f", "\\"),
    *("%5c", "~", "%00", "%252f", "+", ".x", "?/../", "%2f..%2f", "/../a", "/..;/"),
]


def misspelt(chance: random.Random, word: str) -> str:
    """Returns a word with letters in capitals and percent-encoded."""
    return "".join(chance.choice([each, each, each, each.upper(), f"%{ord(each):02x}"]) for each in word)


def test_no_random_spelling_reaches_a_closed_path(sited: str) -> None:
    chance = random.Random(14)
    reached = 0
    with Wire(sited, OPEN) as wire:
        for _ in range(1000):
            words = chance.choice([["health", "detailed"], ["admin"], ["admin", "a"], ["a", "health", "detailed"]])
            spelt = chance.choice(SEPARATORS).join(misspelt(chance, word) for word in words)
            path = f"/{chance.choice(AROUND)}{spelt}{chance.choice(AROUND)}{chance.choice(AROUND)}"
            code, body = written(wire, path)
            if code == 200:
                reached += 1
                assert not is_closed(json.loads(body)["path"]), path
    assert reached > 30


def test_other_containers_reach_a_closed_path(sited: str) -> None:
    assert heard(sited, "http://open:4000/health/detailed")["path"] == "/health/detailed"


@pytest.mark.parametrize(("path", "limit_mb"), [("/api/x", 1), ("/large/x", 3)])
@pytest.mark.parametrize(("excess", "code"), [(0, 200), (1, 413)])
def test_a_route_has_its_own_limit_of_bodies(sited: str, path: str, limit_mb: int, excess: int, code: int) -> None:
    size = limit_mb * MB + excess
    with Wire(sited, HOST) as wire:
        head = f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\nContent-Length: {size}\r\n\r\n".encode()
        assert wire.ask(head + bytes(0 if excess else size))[0] == code


def test_a_route_has_its_own_timeout(sited: str) -> None:
    assert status(sited, f"https://{HOST}/brief/slow") == "504"
    assert status(sited, f"https://{HOST}/a/slow") == "200"


def arrivals(gateway: str, path: str, accept: str) -> list[float]:
    """Returns when each event arrived, in seconds after the first."""
    times: list[float] = []
    with connect(port(gateway), HOST) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nAccept: {accept}\r\n\r\n".encode())
        text = b""
        while b"data: 5" not in text and (piece := connection.recv(65536)):
            times += [time.monotonic()] * piece.count(b"data: ")
            text += piece
    return [at - times[0] for at in times]


@pytest.mark.parametrize("accept", ["text/event-stream", "*/*"])
def test_events_arrive_one_by_one_without_a_setting_or_a_header(sited: str, accept: str) -> None:
    attempts: list[list[float]] = []

    def arrive_one_by_one() -> bool:
        """A busy machine may be late with one of them. A gateway that gathers them does so each time."""
        attempts.append(arrivals(sited, "/events", accept))
        return all(0.25 < after - before < 1.5 for before, after in itertools.pairwise(attempts[-1]))

    eventually(arrive_one_by_one)
    assert {len(times) for times in attempts} == {6}


def test_events_and_websockets_outlive_a_switch_of_the_site(sited: str) -> None:
    with ThreadPoolExecutor(1) as pool, upgraded(sited, OPEN, "/live") as websocket:
        events = pool.submit(arrivals, sited, "/events", "text/event-stream")
        time.sleep(1)
        assert switch(sited, "open", site({"domain": OPEN, "closed": ["/other"]}, "open")).ok
        assert status(sited, f"https://{OPEN}/other") == "404"
        assert len(events.result()) == 6
        assert answers(websocket)


def test_a_route_with_buffering_gathers_a_response(sited: str) -> None:
    eventually(lambda: arrivals(sited, "/gathered/events", "*/*")[-1] < 0.25)


def upgraded(gateway: str, host: str, path: str) -> ssl.SSLSocket:
    """Returns an open websocket."""
    connection = connect(port(gateway), host)
    upgrade = f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
    connection.sendall(upgrade.encode())
    assert connection.recv(65536).startswith(b"HTTP/1.1 101")
    return connection


def answers(websocket: ssl.SSLSocket) -> bool:
    """Whether a websocket passes on at once what each end writes."""
    for word in (b"one", b"two"):
        websocket.sendall(word)
        if websocket.recv(100) != word:
            return False
    return True


@pytest.mark.parametrize("path", ["/live/websocket", "/gathered/websocket"])
def test_a_websocket_needs_no_setting(sited: str, path: str) -> None:
    with upgraded(sited, HOST, path) as websocket:
        assert answers(websocket)
