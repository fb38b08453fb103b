"""Mistakes and accidents: one clear message, what served before still serves, and the next good run succeeds."""

import socket

import pytest

from .platform import OTHER_HTTP, Platform

pytestmark = [pytest.mark.e2e, pytest.mark.docker]
LEGAL = "legal.localhost"


def test_a_port_in_use_is_reported_and_the_gateway_stays(platform: Platform) -> None:
    before = platform.ids()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        platform.config["sertantai:nginx"]["http_port"] = port
        bad = platform.up()
    assert not bad.ok
    assert f"nginx/http_port: port {port} is taken by" in bad.error
    assert platform.ids() == before
    assert platform.get(LEGAL, "/health").status_code == 200


def test_all_mistakes_in_the_stack_file_are_reported_at_once_and_nothing_changes(platform: Platform) -> None:
    before = platform.ids()
    platform.services["legal"]["app"]["prot"] = 1
    platform.services["auth"]["domain"] = LEGAL
    platform.services["auth"]["app"]["secrets"] = ["API_KEY"]
    bad = platform.up()
    assert not bad.ok
    for line in (
        "services/legal/app/prot: is not a known setting; did you mean port?",
        "the domain legal.localhost is taken by services/",
        "services/auth/app/secrets/0: the config secret auth_API_KEY is missing",
    ):
        assert line in bad.error
    assert "Traceback" not in bad.error
    assert platform.ids() == before


def test_a_gateway_that_moves_to_other_ports_keeps_its_sites(platform: Platform) -> None:
    platform.config["sertantai:nginx"]["http_port"] = OTHER_HTTP
    moved = platform.up()
    assert moved.ok, moved.error
    with platform.client(LEGAL, OTHER_HTTP) as client:
        assert client.get("/").status_code == 308
    assert platform.get(LEGAL, "/health").status_code == 200
