"""Turns a server at Hetzner off and on, in order, from the operator's machine. It needs Python's own library alone.

`python3 -m components.machine.power_program shut-down ADDRESS_ID SERVER_TYPE`, or `power-on SERVER_ID`. The API's token
comes on stdin.
"""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Any

ENDPOINT = os.environ.get("HCLOUD_ENDPOINT") or "https://api.hetzner.cloud/v1"
TRIES, PAUSE_S, SHUTDOWN_S, START_S = 5, 2, 180, 120
BUSY = (409, 423, 429)
"""Codes of the API that pass by themselves, as do those of the server's own troubles."""


class Api:
    """Hetzner's API, with a token."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str) -> Any:
        """What the API answers; its passing troubles are waited out."""
        request = urllib.request.Request(ENDPOINT + path, method=method, headers=self._headers)
        left = TRIES
        while True:
            left -= 1
            try:
                with urllib.request.urlopen(request, timeout=30) as answer:
                    return json.load(answer)
            except urllib.error.HTTPError as error:
                if not left or (error.code not in BUSY and error.code < 500):
                    text = error.read().decode(errors="replace")[:300]
                    sys.exit(f"host: Hetzner's API answers {error.code} to {method} {path}: {text}")
            except (OSError, ValueError, http.client.HTTPException) as error:
                if not left:
                    sys.exit(f"host: Hetzner's API cannot be reached ({error}): run up again")
            time.sleep(PAUSE_S)

    def server(self, number: str) -> Any:
        """A server as it is now."""
        return self.ask("GET", f"/servers/{number}")["server"]

    def turn(self, number: str, action: str) -> None:
        """Begins an action on a server."""
        self.ask("POST", f"/servers/{number}/actions/{action}")

    def becomes(self, number: str, status: str, timeout_s: float) -> bool:
        """Whether a server has this status in time."""
        end = time.monotonic() + timeout_s
        while time.monotonic() < end:
            if self.server(number)["status"] == status:
                return True
            time.sleep(1)
        return False


def shut_down(api: Api, address: str, server_type: str) -> None:
    """Stops the server that has this address and is to become another type: its containers end as they should."""
    number = api.ask("GET", f"/primary_ips/{address}")["primary_ip"]["assignee_id"]
    server = api.server(number) if number else None
    if not server or server["server_type"]["name"] == server_type or server["status"] == "off":
        return
    print("shutting down", server["name"], "to make it", server_type)
    api.turn(number, "shutdown")
    if not api.becomes(number, "off", SHUTDOWN_S):
        api.turn(number, "poweron")
        sys.exit(f"host/server_type: {server['name']} was not off after {SHUTDOWN_S} s; it was left on: run up again")


def power_on(api: Api, number: str) -> None:
    """Starts a server that is off."""
    server = api.server(number)
    if server["status"] == "running":
        return
    api.turn(number, "poweron")
    if not api.becomes(number, "running", START_S):
        sys.exit(f"host: {server['name']} is not on after {START_S} s: see https://console.hetzner.cloud; run up again")
    print("started", server["name"])


def main(words: Sequence[str]) -> None:
    """Does what the words say."""
    token = "" if sys.stdin.isatty() else sys.stdin.read().strip()
    api = Api(token or os.environ.get("HCLOUD_TOKEN", ""))
    if words[0] == "shut-down":
        shut_down(api, *words[1:])
    else:
        power_on(api, *words[1:])


if __name__ == "__main__":
    main(sys.argv[1:])
