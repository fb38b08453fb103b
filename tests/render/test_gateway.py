"""The gateway's files on a real nginx."""

import shlex
from collections.abc import Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from render import nginx
from settings import parse
from tests.throwaway.box import ECHO, Boxes, base, docker
from tests.throwaway.sites import placeholder, remove, switch
from tests.waiting import eventually

from ..settings.stack import REMOVED, SMALL, changed

pytestmark = pytest.mark.docker
LONGEST = "a" + "b" * 38 + "c"
LONGEST_DOMAIN = ".".join([*["x" * 60] * 3, "y" * 60, "example"])
BLOCK: dict[str, Any] = SMALL["services"]["legal"]


def through(path: str) -> dict[str, Any]:
    """An Electric whose shapes go through the app."""
    return {**BLOCK["electric"], "access": {"kind": "app", "path": path}}


STOPPED = [["app"], ["frontend"], ["electric"], ["app", "frontend", "electric"]]
SHAPES: dict[str, dict[str, Any]] = {
    "app alone": {"domain": REMOVED, "app/routes": REMOVED, "frontend": REMOVED, "electric": REMOVED},
    "app with a domain": {"app/routes": REMOVED, "frontend": REMOVED, "electric": REMOVED},
    "app with routes": {"app/routes": ["/api/", "/api", "/health"], "frontend": REMOVED, "electric": REMOVED},
    "frontend": {"electric": REMOVED},
    "frontend alone on its site": {"app/routes": REMOVED, "electric": REMOVED},
    "public shapes": {"frontend": REMOVED},
    "public shapes alone on their site": {"frontend": REMOVED, "app/routes": []},
    "shapes through the app": {"frontend": REMOVED, "electric": through("/api/shapes/")},
    "shapes through one path of the app": {"electric": through("/api/shapes")},
    "shapes through the whole app": {"frontend": REMOVED, "app/routes": REMOVED, "electric": through("/")},
    **{f"stopped: {' '.join(parts)}": {"stopped": parts} for parts in STOPPED},
    "everything": {"names": ["sertantai_legal_app", "sertantai-legal", "n" * 63]},
}


def site(name: str, changes: Mapping[str, Any], https_port: int = 443) -> tuple[str, str | None]:
    """Returns a service's file and its domain."""
    stack = changed(SMALL, {"services": {name: BLOCK}})
    read = parse(changed(stack, {f"services/{name}/{path}": value for path, value in changes.items()})).services[name]
    servers = {part: [f"{name}-{part}-1a2b3c4"] for part in read.running()}
    return nginx.site(name, read, servers, "s3cr3t", https_port), read.domain


def refusal(gateway: str, files: Mapping[str, str], domains: Collection[str | None] = ()) -> str:
    """Returns the output of `nginx -t` for these files together: nothing if it accepts them."""
    script = f"{nginx.VOLUME}/scripts/placeholder.sh {nginx.VOLUME}"
    certificates = [f"sh {script} {domain}" for domain in domains if domain]
    written = [f'printf %s {shlex.quote(text)} > "$folder/{name}"' for name, text in files.items()]
    lines = [
        "set -e",
        "folder=$(mktemp -d)",
        "mkdir $folder/sites",
        *certificates,
        *written,
        "nginx -t -q -c $folder/nginx.conf",
    ]
    said = docker("exec", "-i", gateway, "bash", "-s", stdin="\n".join(lines))
    return said.out + said.error + ("" if said.ok else f"exit code {said.code}")


@pytest.mark.parametrize("port", [443, 8443])
@pytest.mark.parametrize("changes", SHAPES.values(), ids=SHAPES)
def test_nginx_accepts_every_kind_of_service_without_a_warning(
    gateway: str, changes: dict[str, Any], port: int
) -> None:
    text, domain = site("legal", changes, port)
    assert refusal(gateway, {"nginx.conf": base(), "sites/legal.conf": text}, {domain}) == ""


@pytest.mark.parametrize("name", ["a", "case-law-2", "http", "arg", "server", "default", "map", "l0-9", LONGEST])
def test_nginx_accepts_every_name_of_a_service(gateway: str, name: str) -> None:
    text, domain = site(name, {"domain": LONGEST_DOMAIN})
    assert domain == LONGEST_DOMAIN
    assert refusal(gateway, {"nginx.conf": base(), f"sites/{name}.conf": text}, {domain}) == ""


def test_nginx_accepts_all_kinds_of_services_together(gateway: str) -> None:
    made = {
        f"s{n}": site(f"s{n}", {"domain": f"s{n}.com", **change, "names": []})
        for n, change in enumerate(SHAPES.values())
    }
    files = {f"sites/{name}.conf": text for name, (text, _) in made.items()}
    domains = {domain for _, domain in made.values()}
    assert refusal(gateway, {"nginx.conf": base(), **files}, domains) == ""


def test_nginxs_error_for_a_text_is_shown(gateway: str) -> None:
    assert "unknown directive" in refusal(gateway, {"nginx.conf": base(), "sites/a.conf": "nonsense;"})


@pytest.fixture(scope="module")
def serving(shared: Boxes, gateway: str) -> Iterator[str]:
    """A gateway with one site, whose app and Electric answer with the request; its frontend is down."""
    tell = ECHO.replace('"method"', '"port": PORT, "method"').replace("3000", "PORT")
    for part, port in (("app", 4000), ("electric", 3000)):
        alias = ["--network", shared.stack, "--network-alias", f"served-{part}-1a2b3c4"]
        shared.start(f"served-{part}", f"exec python3 -c '{tell.replace('PORT', str(port))}'", options=alias)
    text, domain = site(
        "served", {"domain": "served.sertantai.com", "names": ["served_app"], "app/routes": ["/api/"]}, 8443
    )
    assert domain
    assert placeholder(gateway, domain).ok
    switched = switch(gateway, "served", text)
    assert switched.ok, switched.out
    eventually(lambda: '"port": 4000' in curl(gateway, "https://served.sertantai.com/api/x"))
    eventually(lambda: '"port": 3000' in curl(gateway, "http://served-electric:3000/v1/health"))
    yield gateway
    remove(gateway, "served")


def curl(gateway: str, url: str, *options: str) -> str:
    """Returns a client's answer: the body, a line with status and redirect, and curl's own exit code if it is not 0."""
    to = ["--connect-to", "::127.0.0.1:"]
    said = docker(
        "exec", gateway, "curl", "-gks", "-m", "30", *to, "-w", "\n%{http_code} %{redirect_url}", *options, url
    )
    return said.out if said.ok else f"curl: {said.code}"


def test_a_route_reaches_the_app_with_the_clients_headers(serving: str) -> None:
    body = curl(serving, "https://served.sertantai.com/api/x?a=b%20c", "-H", "X-Forwarded-For: 6.6.6.6")
    assert '"url": "/api/x?a=b%20c"' in body
    assert '"host": "served.sertantai.com"' in body
    assert '"x-forwarded-proto": "https"' in body
    assert '"x-forwarded-for": "127.0.0.1"' in body


@pytest.mark.parametrize("name", ["served", "served_app"])
def test_a_stable_name_reaches_the_app(serving: str, name: str) -> None:
    assert '"port": 4000' in curl(serving, f"http://{name}:4000/any")


def test_the_name_of_electric_reaches_electric(serving: str) -> None:
    assert '"url": "/v1/health"' in curl(serving, "http://served-electric:3000/v1/health")


def test_plain_http_is_redirected(serving: str) -> None:
    answer = curl(serving, "http://served.sertantai.com/a?b=c").splitlines()[-1]
    assert answer == "308 https://served.sertantai.com:8443/a?b=c"


@pytest.mark.parametrize("host", ["served.sertantai.com", "unknown.sertantai.com"])
def test_the_certificate_authority_gets_an_answer_for_every_host(serving: str, host: str) -> None:
    folder = "/srv/webroot/.well-known/acme-challenge"
    assert docker("exec", serving, "sh", "-c", f"mkdir -p {folder} && printf answer > {folder}/token").ok
    assert curl(serving, f"http://{host}/.well-known/acme-challenge/token").startswith("answer\n200")
    assert "\n404" in curl(serving, f"http://{host}/.well-known/acme-challenge/other")


def test_an_unknown_host_gets_no_answer(serving: str) -> None:
    assert curl(serving, "http://unknown.sertantai.com/") == "curl: 52"  # an empty reply


def test_an_unknown_host_gets_no_certificate(serving: str) -> None:
    assert curl(serving, "https://unknown.sertantai.com/") == "curl: 35"  # no TLS at all


def test_a_part_that_is_down_is_a_bad_gateway_at_once(serving: str) -> None:
    assert "\n502" in curl(serving, "https://served.sertantai.com/", "-m", "10")


def test_during_a_restore_the_site_and_its_callers_get_a_notice(serving: str) -> None:
    flag = f"{nginx.MAINTENANCE}/served"
    assert docker("exec", serving, "sh", "-c", f"mkdir -p {nginx.MAINTENANCE} && touch {flag}").ok
    try:
        for path in ("/", "/api/x", "/electric/laws"):
            page = curl(serving, f"https://served.sertantai.com{path}", "-i")
            assert "served.sertantai.com is being worked on and is back in a moment" in page
            assert "retry-after: 10" in page
            assert page.splitlines()[-1].startswith("503")
        for caller in ("http://served:4000/any", "http://served-electric:3000/v1/health"):
            assert "\n503" in curl(serving, caller)
        assert "answer" in curl(serving, "http://served.sertantai.com/.well-known/acme-challenge/token")
    finally:
        assert docker("exec", serving, "rm", flag).ok
    assert '"port": 4000' in curl(serving, "https://served.sertantai.com/api/x")


def test_a_stopped_part_answers_503_with_a_text_and_the_sites_headers(gateway: str) -> None:
    stopped = {"domain": "idle.sertantai.com", "names": ["idle_app"], "stopped": ["app", "frontend", "electric"]}
    text, domain = site("idle", stopped, 8443)
    assert domain
    assert placeholder(gateway, domain).ok
    assert switch(gateway, "idle", text).ok
    answers = {
        f"https://{domain}/api/x": "idle-app",
        f"https://{domain}/any": "idle-frontend",
        f"https://{domain}/electric/laws?offset=-1": "idle-electric",
        "http://idle:4000/any": "idle-app",
        "http://idle_app:4000/any": "idle-app",
        "http://idle-electric:3000/v1/shape": "idle-electric",
    }
    try:
        eventually(lambda: "stopped" in curl(gateway, f"https://{domain}/api/x"))
        for url, part in answers.items():
            assert curl(gateway, url).splitlines() == [f"{part} is stopped on purpose.", "", "503"], url
        head = curl(gateway, f"https://{domain}/api/x", "-i")
        assert "content-type: text/plain" in head
        assert "strict-transport-security: " in head
        assert docker("exec", gateway, "sh", "-c", f"mkdir -p {nginx.MAINTENANCE}; touch {nginx.MAINTENANCE}/idle").ok
        assert "is back in a moment" in curl(gateway, f"https://{domain}/api/x")
    finally:
        docker("exec", gateway, "rm", "-f", f"{nginx.MAINTENANCE}/idle")
        remove(gateway, "idle")


SILENT = """exec python3 -c '
import socket, time
server = socket.create_server(("", 4000))
asked = server.accept()
print("asked", flush=True)
time.sleep(90)
'"""


def test_a_request_to_a_container_whose_network_is_gone_ends_in_seconds(shared: Boxes, gateway: str) -> None:
    """The last packets of a killed container can be lost with its network, so nothing reports its end."""
    container = shared.start("silent", SILENT, options=["--network", shared.stack, "--network-alias", "silent-1a2b3c4"])
    upstream = "upstream silent { zone silent 64k; server silent-1a2b3c4:4000 resolve; }\n"
    location = "location / { proxy_pass http://silent; }"
    assert switch(gateway, "silent", f"{upstream}server {{ listen 80; server_name silent.test; {location} }}\n").ok
    try:
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(curl, gateway, "http://silent.test/", "-m", "40")
            eventually(lambda: "asked" in docker("logs", container).out)
            assert docker("network", "disconnect", "-f", shared.stack, container).ok
            assert answer.result().splitlines()[-1].startswith("50"), answer.result()
    finally:
        remove(gateway, "silent")
        docker("rm", "-f", container)
