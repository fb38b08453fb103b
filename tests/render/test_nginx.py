"""The gateway's files, as text."""

import re
from typing import Any

import pytest

from render import nginx
from settings import Service, parse
from tests.throwaway.box import base

from ..settings.stack import REMOVED, SMALL, changed

SECRET = "s3cr3t/+%&=?$x y"
ENCODED = "s3cr3t%2F%2B%25%26%3D%3F%24x%20y"


def service(name: str = "legal", **changes: Any) -> Service:
    paths = {f"services/{name}/{path.replace('__', '/')}": value for path, value in changes.items()}
    return parse(changed(SMALL, paths)).services[name]


def site(name: str = "legal", secret: str | None = SECRET, https_port: int = 443, **changes: Any) -> str:
    read = service(name, **changes)
    return nginx.site(name, read, {part: [f"{name}-{part}-abc1234"] for part in read.parts()}, secret, https_port)


def blocks(text: str, head: str) -> list[str]:
    """Returns the blocks whose first line is `head`, each up to the next line that is not indented."""
    found = re.finditer(rf"^( *){re.escape(head)} {{\n(.*?)^\1}}$", text, re.MULTILINE | re.DOTALL)
    return [match[2] for match in found]


def block(text: str, head: str) -> str:
    (inner,) = blocks(text, head)
    return inner


def locations(text: str) -> dict[str, str]:
    """Returns the upstream of each path of the public site, after a release has settled."""
    public = text[text.index("listen 443") :]
    for variable, upstream in re.findall(r"^    set \$(\w+) (\S+);", public, re.M):
        public = public.replace(f"http://${variable};", f"http://{upstream};")
    found = {match: block(public, f"location {match}") for match in re.findall(r"location ([^@].*) {", public)}
    return {
        match: re.findall(r"(?:proxy_pass|return) (\S+);", inner)[-1]
        for match, inner in found.items()
        if "internal;" not in inner
    }


def test_every_part_has_its_upstream() -> None:
    text = site()
    assert "server legal-app-abc1234:4000 resolve;" in block(text, "upstream legal-app")
    assert "server legal-frontend-abc1234:3000 resolve;" in block(text, "upstream legal-frontend")
    assert "server legal-electric-abc1234:3000 resolve;" in block(text, "upstream legal-electric")


def test_an_upstream_can_have_two_servers_during_a_cut_over() -> None:
    text = nginx.site("auth", service("auth"), {"app": ["auth-app-old", "auth-app-new"]}, None, 443)
    assert re.findall(r"server (\S+) resolve;", text) == ["auth-app-old:4001", "auth-app-new:4001"]


def test_every_upstream_is_resolved_at_run_time_so_that_nginx_starts_without_it() -> None:
    for inner in (block(site(), f"upstream legal-{part}") for part in ("app", "frontend", "electric")):
        assert "zone legal-" in inner
        assert len(re.findall(r"^ +server ", inner, re.MULTILINE)) == inner.count(" resolve;")


def test_each_path_has_its_upstream() -> None:
    assert locations(site(app__routes=["/api/", "/health"])) == {
        "/api/": "http://legal-app",
        "= /health": "http://legal-app",
        "/": "http://legal-frontend",
        "= /electric/laws": f"http://legal-electric/v1/shape?$electric_protocol&table=uk_lrt&secret={ENCODED}",
        "/electric/": "404",
    }


def test_the_app_serves_a_site_without_a_frontend() -> None:
    assert locations(site("auth", None)) == {"/": "http://auth-app"}


def test_a_path_of_no_part_is_not_found() -> None:
    assert locations(site("auth", None, app__routes=["/api/"])) == {"/api/": "http://auth-app", "/": "404"}


def test_shapes_through_the_app_are_streamed_by_their_own_location() -> None:
    text = site(electric__access={"kind": "app", "path": "/api/electric/"})
    assert locations(text) == {
        "/api/": "http://legal-app",
        "/api/electric/": "http://legal-app",
        "/": "http://legal-frontend",
        "/electric/": "404",
    }
    assert "proxy_buffering off" in block(text, "location /api/electric/")
    assert "proxy_buffering off" not in block(text, "location /api/")


def test_a_route_that_equals_the_shapes_path_is_one_streamed_location() -> None:
    text = site(electric__access={"kind": "app", "path": "/api/"})
    assert "proxy_buffering off" in block(text, "location /api/")


def test_electrics_secret_is_in_the_site_only_if_nginx_must_add_it() -> None:
    assert ENCODED in site()
    for text in (site(electric__access={"kind": "app", "path": "/api/"}), site(electric=REMOVED)):
        assert "s3cr3t" not in text
        assert "secret=" not in text


def test_electrics_secret_is_percent_encoded() -> None:
    text = site()
    assert SECRET not in text
    assert text.count(ENCODED) == 1


def test_the_location_that_adds_the_secret_writes_no_error_log() -> None:
    assert "error_log /dev/null emerg;" in block(site(), "location = /electric/laws")


@pytest.mark.parametrize(("port", "suffix"), [(443, ""), (8443, ":8443")])
def test_plain_http_is_redirected_to_https(port: int, suffix: str) -> None:
    assert f"return 308 https://legal.sertantai.com{suffix}$request_uri;" in site(https_port=port)


def test_stable_names_reach_the_container_that_passed_its_gate() -> None:
    text = site(names=["sertantai_legal_app", "sertantai-legal"])
    app = next(inner for inner in blocks(text, "server") if "listen 4000;" in inner)
    assert "server_name legal sertantai_legal_app sertantai-legal;" in app
    assert "set $legal_app legal-app;" in app
    assert "proxy_pass http://$legal_app;" in app
    electric = next(inner for inner in blocks(text, "server") if "listen 3000;" in inner)
    assert "server_name legal-electric;" in electric
    assert "proxy_pass http://$legal_electric;" in electric


def test_a_service_without_a_domain_is_reached_by_other_services_only() -> None:
    text = site("auth", None, domain=REMOVED)
    assert "listen 4001;" in text
    assert "listen 80;" not in text
    assert "listen 443" not in text
    assert "ssl_certificate" not in text


def test_the_site_has_the_certificate_of_its_own_domain() -> None:
    assert "ssl_certificate /srv/nginx/certs/legal.sertantai.com/fullchain.pem;" in site()
    assert "ssl_certificate_key /srv/nginx/certs/legal.sertantai.com/privkey.pem;" in site()


def test_the_site_answers_the_certificate_authority_before_it_redirects() -> None:
    (plain,) = [inner for inner in blocks(site(), "server") if "listen 80;" in inner]
    assert "root /srv/webroot;" in block(plain, "location ^~ /.well-known/acme-challenge/")


def test_no_site_is_served_without_its_headers() -> None:
    public = site()[site().index("listen 443") :]
    for header in ("Strict-Transport-Security", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"):
        assert re.search(rf"^    add_header {header} .* ?always;$|^    add_header {header} \S+ always;$", public, re.M)
        for location in ("@maintenance", "@electric_later"):
            assert re.search(rf"^ +add_header {header} ", block(public, f"location {location}"), re.M)
    # A location with its own header would lose the others.
    assert len(re.findall("^    add_header", public, re.M)) == 4
    assert len(re.findall("add_header", public)) == 4 + 6 + 6


@pytest.mark.parametrize(("drains_s", "shutdown_s"), [([], 45), ([10], 45), ([10, 120, 30], 135)])
def test_old_workers_may_run_longer_than_any_drain(drains_s: list[int], shutdown_s: int) -> None:
    assert f"worker_shutdown_timeout {shutdown_s}s;" in base(drains_s)


def test_the_base_needs_no_newer_nginx_than_the_stand_in() -> None:
    assert "keepalive_min_timeout 5s;" in base([])
    assert "ssl_stapling" not in base([])


def test_unknown_hosts_get_no_answer() -> None:
    text = base([])
    (plain,) = [inner for inner in blocks(text, "server") if "listen 80 default_server;" in inner]
    assert "return 444;" in block(plain, "location /")
    (encrypted,) = [inner for inner in blocks(text, "server") if "listen 443 ssl default_server;" in inner]
    assert "ssl_reject_handshake on;" in encrypted


@pytest.mark.parametrize(
    ("directive", "value"),
    [("$http_upgrade", "proxy_set_header Upgrade"), ("$remote_addr", "proxy_set_header X-Forwarded-For"),
     ("$site", "proxy_set_header Host"), ("$scheme", "proxy_set_header X-Forwarded-Proto")],
)  # fmt: skip
def test_the_app_receives_the_clients_address_and_protocol(directive: str, value: str) -> None:
    assert f"{value} {directive};" in base([])
    assert "proxy_set_header" not in site()  # a header of its own would lose all of these


def test_electric_has_a_stable_name() -> None:
    assert nginx.electric_name("legal") == "legal-electric"
