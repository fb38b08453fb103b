"""What a site for a container that the platform did not make answers, on a real nginx."""

import json
import subprocess

import pytest

from render import nginx
from tests.render.test_sites import answers, upgraded
from tests.throwaway.box import Said, docker
from tests.throwaway.sites import remove
from tests.throwaway.wire import Wire

from .joining import DOMAIN, TRUSTED, Land

pytestmark = [pytest.mark.docker, pytest.mark.xdist_group("land")]


def test_the_container_receives_the_sites_own_name(land: Land, foreign: str) -> None:
    status, text = land.ask("-H", "X-Forwarded-Host: evil.example")
    received = json.loads(text.splitlines()[-1])
    assert (status, received["host"], received["x-forwarded-host"]) == ("200", DOMAIN, DOMAIN)
    assert "x-site: foreign" in text


def test_websockets_pass(land: Land, foreign: str) -> None:
    with upgraded(land.gateway, DOMAIN, "/live") as websocket:
        assert answers(websocket)


def test_a_body_over_the_limit_is_refused_with_the_sites_headers(land: Land, foreign: str) -> None:
    assert land.switch(foreign, body_mb=100).ok
    for megabytes, status in ((100, "200"), (101, "413")):
        body = f"head -c {megabytes * 2**20} /dev/zero | curl -ksi -m 300 --connect-to ::127.0.0.1: -X POST "
        body += f"-H 'Content-Length: {megabytes * 2**20}' -H Transfer-Encoding: -T - https://{DOMAIN}/ | tail -n 20"
        answer = docker("exec", land.gateway, "bash", "-c", body).out
        assert f"HTTP/2 {status}" in answer
        assert "x-site: foreign" in answer


def from_foreign(container: str, *options: str) -> str:
    """Returns what a request from the foreign container gets: a status, or curl's exit code."""
    said = docker("exec", container, "curl", "-ks", "-m", "60", "-o", "/dev/null", "-w", "%{http_code}", *options)
    return said.out if said.ok else f"curl: {said.code}"


def test_a_foreign_container_reaches_no_internal_listener(land: Land, foreign: str) -> None:
    nginx_there = land.address(land.foreign)
    trusted = land.start("neighbour", land.own)
    stable = ["-H", "Host: trusted"]
    assert from_foreign(trusted, *stable, f"http://{land.address(land.own)}:4000/") == "200"
    credentials = [[], ["-u", "a:b"], ["-u", ":"], ["-H", "X-Forwarded-For: 127.0.0.1"], ["-H", "X-Real-IP: 127.0.0.1"]]
    for options in credentials:
        assert from_foreign(foreign, *stable, *options, f"http://{nginx_there}:4000/") == "401"
    assert from_foreign(foreign, f"http://{nginx_there}:8999/") == "curl: 7"  # refused
    assert from_foreign(foreign, *stable, f"http://{nginx_there}:80/") == "curl: 52"  # no answer
    # Its own address in our network does not lead there.
    assert from_foreign(foreign, "-m", "3", *stable, f"http://{land.address(land.own)}:4000/").startswith("curl: ")


def test_a_foreign_container_reaches_public_sites(land: Land, foreign: str) -> None:
    to = ["--connect-to", f"::{land.address(land.foreign)}:"]
    assert from_foreign(foreign, *to, f"https://{TRUSTED}/") == "200"


def hashed(password: str) -> str:
    made = subprocess.run(["openssl", "passwd", "-apr1", password], capture_output=True, text=True, check=True)
    return f"operator:{made.stdout}"


def received(land: Land, *options: str) -> dict[str, str]:
    """Returns what the container receives of a request."""
    return dict(json.loads(land.ask(*options)[1].splitlines()[-1]))


def test_the_container_never_receives_the_password_that_nginx_checks(land: Land, foreign: str) -> None:
    assert received(land, "-u", "its:own")["authorization"].startswith("Basic ")
    assert received(land, "-H", "Authorization: Bearer token")["authorization"] == "Bearer token"
    assert "authorization" not in received(land)
    assert land.switch(foreign, users=hashed("first"), auth="basic").ok
    assert "authorization" not in received(land, "-u", "operator:first")


def users_file(land: Land) -> Said:
    return docker("exec", land.gateway, "stat", "-c", "%a %U", f"{nginx.VOLUME}/users/foreign")


def test_a_site_with_users_asks_for_a_password(land: Land, foreign: str) -> None:
    assert land.switch(foreign, users=hashed("first"), auth="basic").ok
    status, text = land.ask()
    assert (status, 'www-authenticate: Basic realm="foreign"' in text, "x-site: foreign" in text) == ("401", True, True)
    assert land.ask("-u", "operator:first")[0] == "200"
    assert land.ask("-u", "operator:wrong")[0] == land.ask("-u", "nobody:first")[0] == "401"
    assert users_file(land).out == "640 root"
    assert land.switch(foreign, users=hashed("second"), auth="basic").ok
    assert (land.ask("-u", "operator:first")[0], land.ask("-u", "operator:second")[0]) == ("401", "200")
    assert land.switch(foreign).ok
    assert land.ask()[0] == "200"
    assert not users_file(land).ok


def test_users_of_a_removed_site_are_removed(land: Land, foreign: str) -> None:
    assert land.switch(foreign, users=hashed("first"), auth="basic").ok
    assert users_file(land).ok
    assert remove(land.gateway, "foreign").ok
    assert not users_file(land).ok


def test_users_of_another_form_change_nothing(land: Land, foreign: str) -> None:
    refused = land.switch(foreign, users="operator:s3cr3t", auth="basic")
    assert refused.code == 1
    assert refused.out.startswith("sites/foreign/auth: line 1 of the config secret foreign_BASIC_AUTH is not ")
    assert "s3cr3t" not in refused.out
    assert land.ask()[0] == "200"


def test_a_closed_path_and_a_site_with_a_password_are_different_things(land: Land, foreign: str) -> None:
    assert land.switch(foreign, users=hashed("first"), auth="basic", closed=["/metrics"]).ok
    with Wire(land.gateway, DOMAIN) as wire:
        for path, status in (("/metrics", 404), ("/Metrics/x", 404), ("/other", 401)):
            assert wire.ask(f"GET {path} HTTP/1.1\r\nHost: {DOMAIN}\r\n\r\n".encode())[0] == status
