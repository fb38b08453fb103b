"""What the engine does not do at Hetzner: start a server that is off, and give up its protection."""

import json
import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx

from .engine import ROOT, console, environment

ENDPOINT = "https://api.hetzner.cloud/v1"
START_TIMEOUT_S = 120
SERVER = "hcloud:index/server:Server"
# By the provider's types: the collection, and what protects a thing of it.
PROTECTED: Mapping[str, tuple[str, dict[str, bool]]] = {
    SERVER: ("servers", {"delete": False, "rebuild": False}),
    "hcloud:index/volume:Volume": ("volumes", {"delete": False}),
    "hcloud:index/primaryIp:PrimaryIp": ("primary_ips", {"delete": False}),
}


def started(cli: str, stack: str) -> bool:
    """Whether the stack's server was off, and is on now: somebody's hand, or a change of type that Hetzner refused."""
    with _api(cli, stack) as api:
        for _, number in _made(cli, stack, [SERVER]):
            if _status(api, number) != "off":
                return False
            console.print("host: the server is off; starting it.")
            api.post(f"/servers/{number}/actions/poweron").raise_for_status()
            end = time.monotonic() + START_TIMEOUT_S
            while time.monotonic() < end and _status(api, number) != "running":
                time.sleep(1)
            return True
    return False


def lift(cli: str, stack: str) -> bool:
    """Takes the protection from server, disk and addresses of the stack; whether that went well."""
    with _api(cli, stack) as api:
        for kind, number in _made(cli, stack, PROTECTED):
            collection, nothing = PROTECTED[kind]
            answer = api.post(f"/{collection}/{number}/actions/change_protection", json=nothing)
            if answer.status_code != 404:  # it is gone already
                answer.raise_for_status()
        return True
    return False


def _status(api: httpx.Client, number: str) -> str:
    answer = api.get(f"/servers/{number}")
    return str(answer.json()["server"]["status"]) if answer.status_code == 200 else ""


@contextmanager
def _api(cli: str, stack: str) -> Iterator[httpx.Client]:
    """Hetzner's API; its troubles are told, and end the block."""
    token = _said(cli, "config", "get", "hcloud:token", "--stack", stack) or os.environ.get("HCLOUD_TOKEN", "")
    url, headers = os.environ.get("HCLOUD_ENDPOINT") or ENDPOINT, {"Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=url, headers=headers, transport=httpx.HTTPTransport(retries=3), timeout=30) as client:
        try:
            yield client
        except httpx.HTTPError as error:
            console.print(f"host: Hetzner's API: {error}; run it again", soft_wrap=True)


def _made(cli: str, stack: str, kinds: Mapping[str, object] | list[str]) -> list[tuple[str, str]]:
    """Type and id of what the state has of these kinds."""
    exported = json.loads(_said(cli, "stack", "export", "--stack", stack) or "{}")
    resources = exported.get("deployment", {}).get("resources", [])
    return [(each["type"], str(each["id"])) for each in resources if each["type"] in kinds and "id" in each]


def _said(cli: str, *words: str) -> str:
    done = subprocess.run([cli, *words], cwd=ROOT, env=environment(""), capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""
