"""Actions at Hetzner that the engine does not do: start a server that is off, and lift protection."""

import json
import os
import subprocess
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from ..engine.engine import ROOT, console, environment
from .hetzner_api import Refused, connect, retry, wait_for_status

if TYPE_CHECKING:
    from hcloud import Client

START_TIMEOUT_S = 120
SERVER = "hcloud:index/server:Server"


def start_server(cli: str, stack: str) -> bool:
    """Starts the stack's server if it is off, and returns whether it did. A refused change of type leaves it off."""
    return _with_client(cli, stack, lambda client: _start_server(client, _resources(cli, stack, [SERVER])))


def lift_protection(cli: str, stack: str) -> bool:
    """Lifts the protection of the stack's server, disk and addresses. Returns whether that succeeded."""
    return _with_client(cli, stack, lambda client: _lift_protection(client, cli, stack))


def _start_server(client: "Client", servers: Collection[tuple[str, int]]) -> bool:
    from hcloud import APIException

    for _, server_id in servers:
        try:
            server = retry(lambda server_id=server_id: client.servers.get_by_id(server_id))  # type: ignore[misc]
        except APIException as error:
            if error.code != "not_found":
                raise
            return False
        if server.status != server.STATUS_OFF:
            return False
        console.print("host: the server is off; starting it.")
        retry(server.power_on)
        wait_for_status(server, server.STATUS_RUNNING, START_TIMEOUT_S)
        return True
    return False


def _lift_protection(client: "Client", cli: str, stack: str) -> bool:
    from hcloud import APIException
    from hcloud.primary_ips import PrimaryIP
    from hcloud.servers import Server
    from hcloud.volumes import Volume

    lift: Mapping[str, Callable[[int], object]] = {
        SERVER: lambda id_: client.servers.change_protection(Server(id=id_), delete=False, rebuild=False),
        "hcloud:index/volume:Volume": lambda id_: client.volumes.change_protection(Volume(id=id_), delete=False),
        "hcloud:index/primaryIp:PrimaryIp": lambda id_: client.primary_ips.change_protection(
            PrimaryIP(id=id_), delete=False
        ),
    }
    for kind, id_ in _resources(cli, stack, lift):
        try:
            retry(lambda kind=kind, id_=id_: lift[kind](id_))  # type: ignore[misc]
        except APIException as error:
            if error.code != "not_found":  # it is deleted already
                raise
    return True


def _with_client(cli: str, stack: str, act: Callable[["Client"], bool]) -> bool:
    """Calls `act` with a client and returns its result. If Hetzner's API refuses, prints why and returns False."""
    token = _output(cli, "config", "get", "hcloud:token", "--stack", stack) or os.environ.get("HCLOUD_TOKEN", "")
    try:
        with connect(token) as client:
            return act(client)
    except Refused as refused:
        console.print(str(refused), soft_wrap=True)
        return False


def _resources(cli: str, stack: str, kinds: Collection[str]) -> list[tuple[str, int]]:
    """Returns type and id of the resources of these kinds in the state."""
    exported = json.loads(_output(cli, "stack", "export", "--stack", stack) or "{}")
    resources = exported.get("deployment", {}).get("resources", [])
    return [(entry["type"], int(entry["id"])) for entry in resources if entry["type"] in kinds and "id" in entry]


def _output(cli: str, *words: str) -> str:
    result = subprocess.run([cli, *words], cwd=ROOT, env=environment(""), capture_output=True, text=True)
    return result.stdout.strip() if result.returncode == 0 else ""
