"""Public shapes on a real nginx: Electric receives the declared shape alone, whatever a client sends."""

import json
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

import pytest

from render import nginx
from settings import parse
from tests.throwaway.box import ECHO, Boxes, docker
from tests.throwaway.sites import placeholder, remove, switch
from tests.throwaway.wire import Wire
from tests.waiting import eventually

from ..settings.stack import SMALL, changed

pytestmark = pytest.mark.docker
SECRET = "s3cr3t/+%&=?$x y"
COLUMNS = ["id", "Na,me", "a b", "🔥 $uri"]
WHERE = "title = 'a&table=users' AND live; -- $args %41+\\ \"ü\""
SHAPES = {"laws": {"table": "public.uk_lrt", "columns": COLUMNS, "where": WHERE}, "articles_2": {"table": "uk_lat"}}
DECLARED = [
    {"table": "public.uk_lrt", "columns": '"id","Na,me","a b","🔥 $uri"', "where": WHERE, "secret": SECRET},
    {"table": "uk_lat", "secret": SECRET},
]
HOST = "legal.sertantai.com"
# Parameters of Electric's protocol, and others.
SENT: dict[str, list[str]] = {
    "offset": ["-1", "now", "0_0", "0_inf", "26800584_4"],
    "handle": ["64351139-1732278616711", "1-1-next"],
    "expired_handle": ["64351139-1732278616711"],
    "live": ["true", "false"],
    "live_sse": ["true"],
    "experimental_live_sse": ["true"],
    "cursor": ["1674440", ""],
    "replica": ["full", "default"],
    "log": ["full", "changes_only"],
    "cache-buster": ["1732278616711-x7f3k2q"],
}
FOREIGN = [
    "table", "columns", "where", "params", "params[1]", "secret", "api_secret", "queryable_columns", "subset__where",
    "subset[where]", "shape_definition", "experimental_compaction", "offset[]", "live.x", "", "cache_buster",
]  # fmt: skip
ODD_VALUES = [
    "users",
    "",
    "1=1",
    "-1%26table%3Dusers",
    "%2D1",
    "-1;table=users",
    "a,b",
    "\"'",
    "é",
    "-1%00",
    "0_0#",
    "?",
]
PATHS = [
    "/electric/l%61ws", "//electric/laws", "/electric/x/../laws", "/electric/./laws", "/electric/laws/", "/electric/",
    "/electric/laws%3Ftable=users", "/electric/laws%23", "/electric/laws;table=users", "/electric/laws%00",
    "/electric/v1/shape", "/electric/laws/v1/shape", "/ELECTRIC/laws", f"https://{HOST}/electric/laws",
    "http://legal-electric:3000/v1/shape", "/electric/laws%26secret=x", "/electric/laws%20HTTP/1.1",
]  # fmt: skip


def site(name: str) -> str:
    change = {"domain": f"{name}.sertantai.com", "electric/access": {"kind": "public", "shapes": SHAPES}}
    stack = changed(SMALL, {"services": {name: SMALL["services"]["legal"]}})
    service = parse(changed(stack, {f"services/{name}/{path}": value for path, value in change.items()})).services[name]
    return nginx.site(name, service, {part: [f"{name}-{part}-1"] for part in service.parts()}, SECRET, 443)


@pytest.fixture(scope="module")
def public(shared: Boxes, gateway: str) -> Iterator[str]:
    """A gateway before an Electric that records and answers the request, and before one that is down."""
    electric = ["--network", shared.stack, "--network-alias", "legal-electric-1"]
    shared.start("electric", f"exec python3 -c '{ECHO}'", options=electric)
    for name in ("legal", "down"):
        assert placeholder(gateway, f"{name}.sertantai.com").ok
        switched = switch(gateway, name, site(name))
        assert switched.ok, switched.out
    eventually(lambda: ask(gateway, "offset=-1")[0] == 200)
    yield gateway
    for name in ("legal", "down"):
        remove(gateway, name)


@pytest.fixture(scope="module")
def wire(public: str) -> Iterator[Wire]:
    with Wire(public, HOST) as wire:
        yield wire


def request(query: str, path: str = "/electric/laws", method: str = "GET", version: str = "1.1") -> bytes:
    target = f"{path}?{query}" if query else path
    return f"{method} {target} HTTP/{version}\r\nHost: {HOST}\r\n\r\n".encode()


def ask(gateway: str, query: str, *options: str, name: str = "legal", path: str = "/electric/laws") -> tuple[int, str]:
    """Returns status and body of a browser's request."""
    url = f"https://{name}.sertantai.com{path}?{query}"
    resolved = ["--resolve", f"{name}.sertantai.com:443:127.0.0.1"]
    said = docker("exec", gateway, "curl", "-gks", "-m", "30", "-w", "\n%{http_code}", *resolved, *options, url)
    assert said.ok, said
    body, _, status = said.out.rpartition("\n")
    return int(status), body


def read_by_electric(query: str) -> dict[str, str]:
    """Returns the parameters by their name before any bracket, as Plug decodes them: the last of a name counts."""
    pairs = (pair.partition("=") for pair in query.split("&") if pair)
    return {unquote_plus(name).partition("[")[0]: unquote_plus(value) for name, _, value in pairs}


def is_protocol(query: str) -> bool:
    pairs = [pair.split("=", 1) for pair in query.split("&")]
    names = [pair[0] for pair in pairs]
    plain = all(len(pair) == 2 and re.fullmatch(nginx.PROTOCOL.get(pair[0], "(?!)"), pair[1], re.A) for pair in pairs)
    return plain and len(set(names)) == len(names)


def asked_of_electric(shared: Boxes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in docker("logs", f"{shared.stack}-electric").out.splitlines()]


def disguised(luck: random.Random, word: str) -> str:
    """Returns the word as it is, or in a form that another program may understand in the same way."""
    place = luck.randrange(len(word) + 1)
    encoded = word[:place] + "".join(f"%{ord(sign):02x}" for sign in word[place : place + 1]) + word[place + 1 :]
    return luck.choice([word] * 5 + [word.upper(), encoded, f"+{word}", f"{word}%00", f"{word}[]", f"{word}%5B%5D"])


def queries(luck: random.Random) -> str:
    parameters = []
    for name in luck.sample(list(SENT), luck.randrange(5)):
        parameters.append(f"{name}={luck.choice(SENT[name])}")
    for _ in range(luck.choice([0, 0, 1, 1, 2])):
        name = luck.choice([*FOREIGN, *SENT])
        value = luck.choice([*ODD_VALUES, *SENT.get(name, ["users"])])
        parameters.append(luck.choice([f"{disguised(luck, name)}={value}", f"{name}={disguised(luck, value)}", name]))
    luck.shuffle(parameters)
    return luck.choice(["&"] * 9 + [";", "&&", "%26", "#&", "?"]).join(parameters)


@pytest.mark.parametrize(("shape", "declared"), list(zip(SHAPES, DECLARED, strict=True)), ids=SHAPES)
def test_electric_receives_the_declared_shape_and_the_clients_protocol_parameters(
    wire: Wire, shape: str, declared: dict[str, str]
) -> None:
    for number in range(max(map(len, SENT.values()))):
        said = {name: values[number % len(values)] for name, values in SENT.items()}
        query = "&".join(f"{name}={value}" for name, value in said.items())
        status, body = wire.ask(request(query, f"/electric/{shape}"))
        assert status == 200, query
        path, _, arguments = json.loads(body)["url"].partition("?")
        assert path == "/v1/shape"
        assert read_by_electric(arguments) == said | declared


def test_no_request_makes_electric_read_another_shape(shared: Boxes, wire: Wire) -> None:
    luck = random.Random(11)
    before = len(asked_of_electric(shared))
    through = 0
    for _ in range(2500):
        query, path = queries(luck), luck.choice(["/electric/laws"] * 30 + PATHS)
        method = luck.choice(["GET"] * 30 + ["HEAD", "POST", "DELETE"])
        status, body = wire.ask(request(query, path, method, luck.choice(["1.1"] * 20 + ["1.0"])))
        assert b"s3cr3t" not in body.replace(b"&secret=s3cr3t%2F%2B%25%26%3D%3F%24x%20y", b""), (path, query)
        if (path, method) == ("/electric/laws", "GET") and not re.search(r"#|[^!-~]", query):
            assert status == (200 if is_protocol(query) else 403), query
        through += status == 200
    assert through > 300
    eventually(lambda: len(asked_of_electric(shared)[before:]) >= through)  # Docker writes a log a moment later
    asked = asked_of_electric(shared)[before:]
    for one in asked:
        path, _, arguments = one["url"].partition("?")
        read = read_by_electric(arguments)
        assert (path, one["method"] in ("GET", "HEAD")) == ("/v1/shape", True), one
        assert {name: value for name, value in read.items() if name not in SENT} in DECLARED, one
        assert len(arguments.split("&")) == len(read), one


@pytest.mark.parametrize(
    "header", ['Content-Length: 20\r\n\r\n{"table": "users"}   ', "Expect: 100-continue\r\nContent-Length: 20\r\n\r\n"]
)
def test_a_request_with_a_body_is_refused(wire: Wire, header: str) -> None:
    assert wire.ask(request("offset=-1").replace(b"\r\n\r\n", f"\r\n{header}".encode(), 1))[0] == 413
    wire.close()


def test_a_long_query_is_refused_as_quickly_as_a_short_one(wire: Wire) -> None:
    for query in ("&".join(f"a{n}={n}" for n in range(1500)), "offset=-1&" * 1500, "live=true&offset=" + "1" * 15000):
        assert wire.ask(request(query[:8000]))[0] == 403
        assert wire.ask(request(query))[0] == 414


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_shapes_are_only_read(wire: Wire, method: str) -> None:
    assert wire.ask(request("offset=-1", method=method))[0] == 403


@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_shapes_are_served_over_http_1_and_http_2(public: str, version: str) -> None:
    status, body = ask(public, "offset=-1", version)
    assert status == 200
    assert json.loads(body)["host"] == HOST


@pytest.mark.parametrize(
    "path",
    ["/electric/v1/shape", "/electric/v1/health", "/electric/", "/electric/laws/", "/electric/LAWS", "/electric/law"],
)
def test_nothing_else_of_electric_is_public(wire: Wire, path: str) -> None:
    assert wire.ask(request("table=uk_lat&offset=-1", path))[0] == 404


def test_no_log_shows_the_secret_when_electric_is_down(public: str) -> None:
    assert "s3cr3t%2F%2B%25%26%3D%3F%24x%20y" in site("down")
    assert ask(public, "offset=-1", name="down")[0] == 503
    ask(public, "", path="/electric/while-down")
    eventually(lambda: "while-down" in docker("logs", public).out)
    logged = docker("logs", public)
    assert "s3cr3t" not in logged.out + logged.error


@pytest.mark.parametrize(("name", "status"), [("legal", "200"), ("down", "503")])
def test_no_log_shows_the_secret_that_the_app_itself_sends(public: str, name: str, status: str) -> None:
    url = f"http://{name}-electric:3000/v1/shape?table=users&secret=s3cr3t-of-{name}"
    to = ["--connect-to", "::127.0.0.1:", "-s", "-o", "/dev/null", "-w", "%{http_code}"]
    assert docker("exec", public, "curl", *to, url).out == status
    ask(public, "", path=f"/electric/after-{name}")
    eventually(lambda: f"after-{name}" in docker("logs", public).out)
    logged = docker("logs", public)
    assert "s3cr3t" not in logged.out + logged.error
