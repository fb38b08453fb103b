"""Shuts down and starts a server at Hetzner. A step on the operator's machine calls it.

`.venv/bin/python -m cli.power shut-down ADDRESS_ID SERVER_TYPE`, or `power-on SERVER_ID`. Stdin: the API's token.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .server.hetzner_api import Refused, connect, retry, wait_for_status

if TYPE_CHECKING:
    from hcloud import Client

SHUTDOWN_S, START_S = 180, 120


def shut_down(client: "Client", address: str, server_type: str) -> None:
    """Shuts down the server with this address in order, unless it has this type already or is off."""
    server_id = retry(lambda: client.primary_ips.get_by_id(int(address))).assignee_id
    if not server_id:
        return
    server = retry(lambda: client.servers.get_by_id(server_id))
    assert server.server_type
    if server.server_type.name == server_type or server.status == server.STATUS_OFF:
        return
    say(f"shutting down {server.name} to change its type to {server_type}")
    retry(server.shutdown)
    if not wait_for_status(server, server.STATUS_OFF, SHUTDOWN_S):
        retry(server.power_on)
        raise Refused(f"host/server_type: {server.name} was not off after {SHUTDOWN_S} s; it was left on: run up again")


def power_on(client: "Client", server_id: str) -> None:
    """Starts a server that is off."""
    server = retry(lambda: client.servers.get_by_id(int(server_id)))
    if server.status == server.STATUS_RUNNING:
        return
    retry(server.power_on)
    if not wait_for_status(server, server.STATUS_RUNNING, START_S):
        raise Refused(
            f"host: {server.name} is not on after {START_S} s: see https://console.hetzner.cloud; run up again"
        )
    say(f"started {server.name}")


def say(text: str) -> None:
    """Prints a line of the step's output."""
    sys.stdout.write(f"{text}\n")


def main(words: Sequence[str]) -> None:
    """Runs `shut-down` or `power-on`. Exits if Hetzner's API refuses."""
    token = "" if sys.stdin.isatty() else sys.stdin.read().strip()
    try:
        with connect(token or os.environ.get("HCLOUD_TOKEN", "")) as client:
            if words[0] == "shut-down":
                shut_down(client, *words[1:])
            else:
                power_on(client, *words[1:])
    except Refused as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main(sys.argv[1:])
