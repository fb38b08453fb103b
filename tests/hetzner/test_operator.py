"""What the operator's command does at Hetzner itself, without the engine."""

import json
from pathlib import Path
from typing import Any

import pytest

from cli.server import hetzner, hetzner_api
from tests.doubles.hetzner.api import Api

from .client import serve, store


@pytest.fixture
def cli(api: Api, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Stands in for the CLI: returns the stack's state and its token."""
    monkeypatch.setenv("HCLOUD_ENDPOINT", api.endpoint)
    monkeypatch.setattr(hetzner_api, "PAUSE_S", 0.1)
    monkeypatch.setattr(hetzner_api, "POLL_S", 0.1)
    program = tmp_path / "pulumi"
    program.write_text(f'#!/bin/sh\n[ "$1" = config ] && echo {api.token} || cat {tmp_path}/state\n')
    program.chmod(0o755)
    return str(program)


KINDS = {"server": "server:Server", "volume": "volume:Volume", "address": "primaryIp:PrimaryIp"}


def state(tmp_path: Path, **numbers: int) -> None:
    """The stack's resources."""
    made = [{"type": f"hcloud:index/{KINDS[name]}", "id": str(number)} for name, number in numbers.items()]
    (tmp_path / "state").write_text(json.dumps({"deployment": {"resources": made}}))


def test_a_server_that_is_off_is_started(api: Api, client: Any, cli: str, tmp_path: Path) -> None:
    server = serve(client)
    state(tmp_path, server=server.id)
    assert not hetzner.start_server(cli, "prod"), "it runs"
    client.servers.get_by_id(server.id).power_off().wait_until_finished()
    api.faults.add("POST", f"/servers/{server.id}/actions/poweron", 503, "unavailable", times=1)
    assert hetzner.start_server(cli, "prod")
    assert api.servers[server.id]["status"] == "running"


def test_a_missing_server_is_not_started(cli: str, tmp_path: Path) -> None:
    state(tmp_path, server=4711)
    assert not hetzner.start_server(cli, "prod")


def test_the_protection_of_existing_resources_is_removed(api: Api, client: Any, cli: str, tmp_path: Path) -> None:
    server, volume = serve(client), store(client)
    server.change_protection(delete=True, rebuild=True).wait_until_finished()
    volume.change_protection(delete=True).wait_until_finished()
    state(tmp_path, server=server.id, volume=volume.id, address=4711)
    assert hetzner.lift_protection(cli, "prod")
    assert client.servers.get_by_id(server.id).protection == {"delete": False, "rebuild": False}
    assert client.volumes.get_by_id(volume.id).protection == {"delete": False}


def test_a_refusal_is_reported_and_nothing_is_deleted(
    api: Api, client: Any, cli: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    state(tmp_path, server=serve(client).id)
    Path(cli).write_text(Path(cli).read_text().replace(api.token, "b" * 64))
    assert not hetzner.lift_protection(cli, "prod")
    error = capsys.readouterr().err
    assert error.startswith("hcloud:token: Hetzner does not know it")
    assert "b" * 64 not in error
