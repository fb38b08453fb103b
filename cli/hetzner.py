"""What the engine does not do at Hetzner: start a server that is off, and give up its protection."""

import json
import os
import subprocess
from collections.abc import Callable, Collection, Mapping
from typing import TYPE_CHECKING

from .engine import ROOT, console, environment
from .hetzner_api import Refused, becomes, connected, patiently

if TYPE_CHECKING:
    from hcloud import Client

START_TIMEOUT_S = 120
SERVER = "hcloud:index/server:Server"


def started(cli: str, stack: str) -> bool:
    """Whether the stack's server was off, and is on now: somebody's hand, or a change of type that Hetzner refused."""
    return _told(cli, stack, lambda client: _started(client, _made(cli, stack, [SERVER])))


def lift(cli: str, stack: str) -> bool:
    """Takes the protection from server, disk and addresses of the stack; whether that went well."""
    return _told(cli, stack, lambda client: _lifted(client, cli, stack))


def _started(client: "Client", made: Collection[tuple[str, int]]) -> bool:
    from hcloud import APIException

    for _, number in made:
        try:
            server = patiently(lambda number=number: client.servers.get_by_id(number))  # type: ignore[misc]
        except APIException as error:
            if error.code != "not_found":
                raise
            return False
        if server.status != server.STATUS_OFF:
            return False
        console.print("host: the server is off; starting it.")
        patiently(server.power_on)
        becomes(server, server.STATUS_RUNNING, START_TIMEOUT_S)
        return True
    return False


def _lifted(client: "Client", cli: str, stack: str) -> bool:
    from hcloud import APIException
    from hcloud.primary_ips import PrimaryIP
    from hcloud.servers import Server
    from hcloud.volumes import Volume

    lifts: Mapping[str, Callable[[int], object]] = {
        SERVER: lambda number: client.servers.change_protection(Server(id=number), delete=False, rebuild=False),
        "hcloud:index/volume:Volume": lambda number: client.volumes.change_protection(Volume(id=number), delete=False),
        "hcloud:index/primaryIp:PrimaryIp": lambda number: client.primary_ips.change_protection(
            PrimaryIP(id=number), delete=False
        ),
    }
    for kind, number in _made(cli, stack, lifts):
        try:
            patiently(lambda kind=kind, number=number: lifts[kind](number))  # type: ignore[misc]
        except APIException as error:
            if error.code != "not_found":  # it is gone already
                raise
    return True


def _told(cli: str, stack: str, act: Callable[["Client"], bool]) -> bool:
    """Calls `act` with a client and returns its result. If Hetzner's API refuses, prints why and returns False."""
    token = _said(cli, "config", "get", "hcloud:token", "--stack", stack) or os.environ.get("HCLOUD_TOKEN", "")
    try:
        with connected(token) as client:
            return act(client)
    except Refused as refused:
        console.print(str(refused), soft_wrap=True)
        return False


def _made(cli: str, stack: str, kinds: Collection[str]) -> list[tuple[str, int]]:
    """Type and id of what the state has of these kinds."""
    exported = json.loads(_said(cli, "stack", "export", "--stack", stack) or "{}")
    resources = exported.get("deployment", {}).get("resources", [])
    return [(each["type"], int(each["id"])) for each in resources if each["type"] in kinds and "id" in each]


def _said(cli: str, *words: str) -> str:
    done = subprocess.run([cli, *words], cwd=ROOT, env=environment(""), capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
