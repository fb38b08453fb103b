"""Which requests for public shapes nginx lets through, tried in Python and on a real nginx."""

import json
import re
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest

from render import nginx, shell
from settings import parse
from tests.waiting import eventually

from ..settings.stack import SMALL, changed
from .box import Boxes, docker, on_host

SECRET = "s3cr3t/+%&=?$x y"
ALLOWED = [
    "table=uk_lrt&offset=-1",
    "offset=-1&table=uk_lrt",
    "table=public.uk_lat&offset=-1",
    "offset=-1&table=uk_lrt&live=true&handle=1-2&cursor=3&columns=a,b&where=x%3D%271%27&params%5B1%5D=v",
    "table=uk_lrt&offset=-1&params[1]=v&params[b]=w",
    "table=uk_lrt&offset=0_0&replica=full&live_sse=true&log=changes_only",
    "table=uk_lrt&offset=-1&expired_handle=1-2&cache-buster=x1y2",
    "table=uk_lrt&offset=-1&subset__where=a%3D1&subset__order_by_expr=%7B%7D",
    "table=uk_lrt&where=title+%3D+%27secret+table%27",
    "table=uk_lrt&where=",
    "table=uk_lrt&",
]
REFUSED = [
    "",
    "offset=-1",
    "table=",
    "table=users",
    "table=uk_lrt2",
    "table=xuk_lrt",
    "table=UK_LRT",
    "table=public.users",
    "table=publicxuk_lat",
    "table=uk_lrt%00",
    "table=uk%5Flrt",
    "table=uk_lrt;table=users",
    "TABLE=uk_lrt",
    "table=uk_lrt&table=users",
    "table=users&table=uk_lrt",
    "table=uk_lrt&table=uk_lrt",
    "table=uk_lrt&offset=-1&table=users",
    "table=uk_lrt&table",
    "table=uk_lrt&table[]=users",
    "table=uk_lrt&table%5B%5D=users",
    "t%61ble=users&table=uk_lrt",
    "%74able=users&table=uk_lrt",
    "TABLE=users&table=uk_lrt",
    "table=uk_lrt&secret=x",
    "secret=x&table=uk_lrt",
    "table=uk_lrt&api_secret=x",
    "table=uk_lrt&secret",
    "table=uk_lrt&secret%5B%5D=x",
    "table=uk_lrt&secret[]=x",
    "SECRET=x&table=uk_lrt",
    "s%65cret=x&table=uk_lrt",
    "table=uk_lrt&%73ecret=x",
    "table=uk_lrt&api%5Fsecret=x",
    "table=uk_lrt&+secret=x",
    "table=uk_lrt&&secret=x",
    "table=uk_lrt&a.b=c",
    "x=table=uk_lrt",
]
ECHO = """
import http.server, json
class Echo(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self):
        said = json.dumps({"method": self.command, "url": self.path, **{k.lower(): v for k, v in self.headers.items()}})
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said.encode())
    do_GET = do_HEAD = do_POST = do_DELETE = answer
    def log_message(self, *words): pass
http.server.ThreadingHTTPServer(("", 3000), Echo).serve_forever()
"""


def site(name: str) -> str:
    access = {"kind": "public", "tables": ["uk_lrt", "public.uk_lat"]}
    change = {"domain": f"{name}.sertantai.com", "electric/access": access}
    stack = changed(SMALL, {"services": {name: SMALL["services"]["legal"]}})
    service = parse(changed(stack, {f"services/{name}/{path}": value for path, value in change.items()})).services[name]
    return nginx.site(name, service, {part: [f"{name}-{part}-1"] for part in service.parts()}, SECRET, 443)


def lets_through(arguments: str) -> bool:
    """What nginx makes of its map: the first expression that is found, else the default."""
    rules = re.findall(r'^    "~(.*)" ([01]);$', site("legal"), re.MULTILINE)
    assert len(rules) == 4
    return next((value for expression, value in rules if re.search(expression, arguments)), "0") == "1"


@pytest.mark.parametrize("arguments", ALLOWED)
def test_a_plain_request_for_a_public_table_is_let_through(arguments: str) -> None:
    assert lets_through(arguments)


@pytest.mark.parametrize("arguments", REFUSED)
def test_every_other_request_is_refused(arguments: str) -> None:
    assert not lets_through(arguments)


@pytest.fixture(scope="module")
def public(shared: Boxes, gateway: str) -> Iterator[str]:
    """A gateway before an Electric that tells what it was asked, and before one that is down."""
    electric = ["--network", shared.stack, "--network-alias", "legal-electric-1"]
    shared.start("electric", f"exec python3 -c '{ECHO}'", options=electric)
    for name in ("legal", "down"):
        made = on_host(shell.inside(gateway, shell.placeholder(f"{name}.sertantai.com"), "sh", stdin=False))
        assert made.ok, made.error
        switched = on_host(shell.inside(gateway, shell.switch(name, f"sites/{name}.conf", gateway)), site(name))
        assert switched.ok, switched.error
    eventually(lambda: ask(gateway, ALLOWED[0])[0] == 200)
    yield gateway
    for name in ("legal", "down"):
        on_host(shell.inside(gateway, shell.switch(name, f"sites/{name}.conf", gateway, remove=True), stdin=False))


def ask(
    gateway: str, arguments: str, *options: str, name: str = "legal", path: str = "/electric/v1/shape"
) -> tuple[int, str]:
    """Status and body of a browser's request."""
    url = f"https://{name}.sertantai.com{path}?{arguments}"
    resolved = ["--resolve", f"{name}.sertantai.com:443:127.0.0.1"]
    said = docker("exec", gateway, "curl", "-gks", "-m", "10", "-w", "\n%{http_code}", *resolved, *options, url)
    assert said.ok, said
    body, _, status = said.out.rpartition("\n")
    return int(status), body


@pytest.fixture(scope="module")
def answers(public: str) -> dict[str, tuple[int, str]]:
    """The answers to all requests, which one curl has asked for."""
    options = (
        'globoff\ninsecure\nsilent\nresolve = "legal.sertantai.com:443:127.0.0.1"\nwrite-out = "\\n%{http_code}<end>"\n'
    )
    asked = [f'{options}url = "https://legal.sertantai.com/electric/v1/shape?{each}"' for each in ALLOWED + REFUSED]
    said = docker("exec", "-i", public, "curl", "-K", "-", stdin="\nnext\n".join(asked))
    answered = [answer.rpartition("\n") for answer in said.out.split("<end>")[:-1]]
    return {each: (int(status), body) for each, (body, _, status) in zip(ALLOWED + REFUSED, answered, strict=True)}


@pytest.mark.docker
@pytest.mark.parametrize("arguments", ALLOWED)
def test_electric_gets_what_was_asked_and_one_secret(answers: dict[str, tuple[int, str]], arguments: str) -> None:
    status, body = answers[arguments]
    assert status == 200
    url = urlsplit(json.loads(body)["url"])
    assert url.path == "/v1/shape"
    received = parse_qsl(url.query, keep_blank_values=True)
    asked = parse_qsl(arguments, keep_blank_values=True)
    assert received == [*asked, ("secret", SECRET)]


@pytest.mark.docker
@pytest.mark.parametrize("arguments", REFUSED)
def test_nginx_refuses_every_other_request(answers: dict[str, tuple[int, str]], arguments: str) -> None:
    status, body = answers[arguments]
    assert status == 403
    assert "s3cr3t" not in body


@pytest.mark.docker
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_shapes_are_only_read(public: str, method: str) -> None:
    assert ask(public, ALLOWED[0], "-X", method)[0] == 403


@pytest.mark.docker
@pytest.mark.parametrize("version", ["--http1.1", "--http2"])
def test_shapes_are_served_by_either_http(public: str, version: str) -> None:
    status, body = ask(public, ALLOWED[0], version)
    assert status == 200
    assert json.loads(body)["host"] == "legal.sertantai.com"


@pytest.mark.docker
@pytest.mark.parametrize("path", ["/electric/v1/shape/", "/electric/v1/health", "/electric/", "/electric/v1//shape/x"])
def test_nothing_else_of_electric_is_public(public: str, path: str) -> None:
    assert ask(public, ALLOWED[0], path=path)[0] == 404


@pytest.mark.docker
def test_no_log_shows_the_secret_when_electric_is_down(public: str) -> None:
    encoded = "s3cr3t%2F%2B%25%26%3D%3F%24x%20y"
    assert encoded in site("down")
    marked = "table=uk_lrt&offset=-1&handle=while-down"
    assert ask(public, marked, name="down")[0] == 502
    eventually(lambda: "while-down" in docker("logs", public).out)
    logged = docker("logs", public)
    assert "s3cr3t" not in logged.out + logged.error


@pytest.mark.docker
@pytest.mark.parametrize(("name", "status"), [("legal", "200"), ("down", "502")])
def test_no_log_shows_the_secret_that_the_app_itself_sends(public: str, name: str, status: str) -> None:
    url = f"http://{name}-electric:3000/v1/shape?table=users&secret=s3cr3t-of-{name}"
    to = ["--connect-to", "::127.0.0.1:", "-s", "-o", "/dev/null", "-w", "%{http_code}"]
    assert docker("exec", public, "curl", *to, url).out == status
    assert ask(public, f"table=uk_lrt&handle=after-{name}")[0] == 200
    eventually(lambda: f"after-{name}" in docker("logs", public).out)
    logged = docker("logs", public)
    assert "s3cr3t" not in logged.out + logged.error
