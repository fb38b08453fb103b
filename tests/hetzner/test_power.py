"""A server is stopped before it becomes another type and started after it, by the operator's own python3."""

import os
import subprocess
import sys
from typing import Any

import pytest

from components.machine import power_program
from tests.places import ROOT
from tests.render.box import Said

from .api import Api
from .client import FSN1, serve


def power(api: Api, *words: object, token: str | None = None) -> Said:
    done = subprocess.run(
        # Without the project's packages, which the operator's python3 does not have.
        [sys.executable, "-S", "-m", "components.machine.power_program", *map(str, words)],
        cwd=ROOT,
        env=os.environ | {"HCLOUD_ENDPOINT": api.endpoint},
        input=f"{token or api.token}\n",
        capture_output=True,
        text=True,
    )
    return Said(done.returncode, done.stdout, done.stderr, 0)


@pytest.fixture
def server(client: Any) -> Any:
    """One of the type cx23, with its address."""
    return serve(client)


def asked(api: Api) -> list[str]:
    """The actions on servers that were begun since the server was made."""
    paths = [request.path for request in api.requests if request.method == "POST"]
    return [path.rpartition("/")[2] for path in paths if "/actions/" in path]


def address(server: Any) -> int:
    return int(server.public_net.primary_ipv4.id)


def test_a_server_that_becomes_another_type_is_shut_down_first(api: Api, server: Any) -> None:
    said = power(api, "shut-down", address(server), "cx33")
    assert (said.code, said.out) == (0, "shutting down one to make it cx33\n"), said.error
    assert api.servers[server.id]["status"] == "off"
    again = power(api, "shut-down", address(server), "cx33")
    assert (again.code, again.out) == (0, "")
    assert asked(api) == ["shutdown"]


def test_a_server_that_stays_what_it_is_goes_on(api: Api, server: Any) -> None:
    assert power(api, "shut-down", address(server), "cx23") == Said(0, "", "", 0)
    assert asked(api) == []


def test_without_a_server_there_is_nothing_to_stop(api: Api, client: Any) -> None:
    made = client.primary_ips.create("ipv4", "mine", location=FSN1)
    assert power(api, "shut-down", made.primary_ip.id, "cx23") == Said(0, "", "", 0)


def test_a_server_is_started_unless_it_runs(api: Api, server: Any) -> None:
    assert power(api, "power-on", server.id) == Said(0, "", "", 0)
    power(api, "shut-down", address(server), "cx33")
    said = power(api, "power-on", server.id)
    assert (said.code, said.out) == (0, "started one\n"), said.error
    assert api.servers[server.id]["status"] == "running"


def test_passing_troubles_of_the_api_are_waited_out(api: Api, server: Any) -> None:
    api.faults.add("GET", f"/servers/{server.id}", 503, "unavailable", times=1)
    assert power(api, "power-on", server.id) == Said(0, "", "", 0)


def test_a_refusal_is_told_with_the_apis_words_and_without_the_token(api: Api, server: Any) -> None:
    token = "x" * 64
    said = power(api, "power-on", server.id, token=token)
    assert said.code == 1
    assert said.error.startswith(f"host: Hetzner's API answers 401 to GET /servers/{server.id}: ")
    assert token not in said.error + said.out


def test_a_server_that_does_not_stop_is_left_on(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[str] = []

    class Stubborn(power_program.Api):
        def ask(self, method: str, path: str) -> Any:
            sent.append(path.rpartition("/")[2])
            one = {"id": 1, "name": "one", "server_type": {"name": "cx23"}, "status": "running"}
            return {"primary_ip": {"assignee_id": 1}, "server": one}

    monkeypatch.setattr(power_program, "SHUTDOWN_S", 0)
    with pytest.raises(
        SystemExit, match=r"^host/server_type: one was not off after 0 s; it was left on: run up again$"
    ):
        power_program.shut_down(Stubborn(""), "2", "cx33")
    assert sent[-1] == "poweron"
    monkeypatch.setattr(power_program, "START_S", 0)
    monkeypatch.setattr(Stubborn, "server", lambda self, number: {"name": "one", "status": "off"})
    with pytest.raises(SystemExit, match=r"^host: one is not on after 0 s: see https://console.hetzner.cloud"):
        power_program.power_on(Stubborn(""), "1")
