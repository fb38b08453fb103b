"""A server is shut down before its type changes and started after it."""

import io
import os
import subprocess
import sys
from typing import Any

import pytest

from cli import power as program
from cli.server import hetzner_api
from tests.doubles.hetzner.api import Api
from tests.places import ROOT
from tests.throwaway.box import Said
from tests.waiting import eventually

from .client import FSN1, connect, serve


def power(api: Api, *words: object, token: str | None = None) -> Said:
    done = subprocess.run(
        [sys.executable, "-m", "cli.power", *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"HCLOUD_ENDPOINT": api.endpoint},
        input=f"{token or api.token}\n",
        capture_output=True,
        text=True,
    )
    return Said(done.returncode, done.stdout, done.stderr, 0)


@pytest.fixture
def server(client: Any) -> Any:
    """A server of the type cx23, with its address."""
    return serve(client)


def asked(api: Api) -> list[str]:
    """Returns the actions on servers that began since the server was created."""
    paths = [request.path for request in api.requests if request.method == "POST"]
    return [path.rpartition("/")[2] for path in paths if "/actions/" in path]


def address(server: Any) -> int:
    return int(server.public_net.primary_ipv4.id)


def test_a_server_is_shut_down_before_its_type_changes(api: Api, server: Any) -> None:
    said = power(api, "shut-down", address(server), "cx33")
    assert (said.code, said.out) == (0, "shutting down one to change its type to cx33\n"), said.error
    assert api.servers[server.id]["status"] == "off"
    again = power(api, "shut-down", address(server), "cx33")
    assert (again.code, again.out) == (0, "")
    assert asked(api) == ["shutdown"]


def test_a_server_with_the_same_type_keeps_running(api: Api, server: Any) -> None:
    assert power(api, "shut-down", address(server), "cx23") == Said(0, "", "", 0)
    assert asked(api) == []


def test_without_a_server_nothing_is_shut_down(api: Api, client: Any) -> None:
    made = client.primary_ips.create("ipv4", "mine", location=FSN1)
    assert power(api, "shut-down", made.primary_ip.id, "cx23") == Said(0, "", "", 0)


def test_a_server_is_started_unless_it_runs(api: Api, server: Any) -> None:
    assert power(api, "power-on", server.id) == Said(0, "", "", 0)
    power(api, "shut-down", address(server), "cx33")
    said = power(api, "power-on", server.id)
    assert (said.code, said.out) == (0, "started one\n"), said.error
    assert api.servers[server.id]["status"] == "running"


def test_temporary_errors_of_the_api_are_tried_again(api: Api, server: Any) -> None:
    api.faults.add("GET", f"/servers/{server.id}", 503, "unavailable", times=1)
    assert power(api, "power-on", server.id) == Said(0, "", "", 0)


@pytest.mark.parametrize("kind", ["cut", "lost"])
def test_a_broken_connection_is_opened_again(api: Api, server: Any, kind: Any) -> None:
    api.faults.add("GET", f"/servers/{server.id}", kind=kind, times=2)
    assert power(api, "power-on", server.id) == Said(0, "", "", 0)


def test_a_lasting_error_is_reported(api: Api, server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hetzner_api, "PAUSE_S", 0)
    monkeypatch.setenv("HCLOUD_ENDPOINT", api.endpoint)
    monkeypatch.setattr("sys.stdin", io.StringIO(api.token))
    api.faults.add("GET", f"/servers/{server.id}", 503, "unavailable", times=9)
    with pytest.raises(
        SystemExit, match=r"^host: Hetzner's API has a problem: run up again, it continues from here \("
    ):
        program.main(["power-on", str(server.id)])


def test_an_unreachable_api_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hetzner_api, "PAUSE_S", 0)
    monkeypatch.setenv("HCLOUD_ENDPOINT", "http://127.77.0.1:9")
    monkeypatch.setattr("sys.stdin", io.StringIO("x"))
    with pytest.raises(SystemExit, match=r"^host: Hetzner's API cannot be reached \(.*: run up again$"):
        program.main(["power-on", "1"])


def test_a_refusal_is_reported_in_the_apis_words_without_the_token(api: Api, server: Any) -> None:
    token = "x" * 64
    said = power(api, "power-on", server.id, token=token)
    assert said.code == 1
    assert said.error.startswith("hcloud:token: Hetzner does not know it: set a token of this project")
    assert "(unauthorized" in said.error
    assert token not in said.error + said.out


def test_a_server_that_does_not_shut_down_stays_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hetzner_api, "PAUSE_S", 0.5)
    monkeypatch.setattr(program, "SHUTDOWN_S", 0)
    monkeypatch.setattr(program, "START_S", 0)
    # Each action takes longer than the timeout.
    with Api(action_s=1) as slow:
        client = connect(slow)
        server = serve(client)
        with pytest.raises(
            hetzner_api.Refused, match=r"^host/server_type: one was not off after 0 s; it was left on: run up again$"
        ):
            program.shut_down(client, str(address(server)), "cx33")
        assert asked(slow)[-1] == "poweron"
        eventually(lambda: slow.servers[server.id]["status"] == "running")
        client.servers.get_by_id(server.id).power_off().wait_until_finished()
        with pytest.raises(
            hetzner_api.Refused, match=r"^host: one is not on after 0 s: see https://console.hetzner.cloud"
        ):
            program.power_on(client, str(server.id))
