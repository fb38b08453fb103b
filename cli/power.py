"""Turns a server at Hetzner off and on, in order, from the operator's machine: a step of the program calls it.

`.venv/bin/python -m cli.power shut-down ADDRESS_ID SERVER_TYPE`, or `power-on SERVER_ID`. Stdin: the API's token.
"""

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from .hetzner_api import Refused, becomes, connected, patiently

if TYPE_CHECKING:
    from hcloud import Client

SHUTDOWN_S, START_S = 180, 120


def shut_down(client: "Client", address: str, server_type: str) -> None:
    """Stops the server that has this address and is to become another type: its containers end as they should."""
    number = patiently(lambda: client.primary_ips.get_by_id(int(address))).assignee_id
    if not number:
        return
    server = patiently(lambda: client.servers.get_by_id(number))
    assert server.server_type
    if server.server_type.name == server_type or server.status == server.STATUS_OFF:
        return
    say(f"shutting down {server.name} to make it {server_type}")
    patiently(server.shutdown)
    if not becomes(server, server.STATUS_OFF, SHUTDOWN_S):
        patiently(server.power_on)
        raise Refused(f"host/server_type: {server.name} was not off after {SHUTDOWN_S} s; it was left on: run up again")


def power_on(client: "Client", number: str) -> None:
    """Starts a server that is off."""
    server = patiently(lambda: client.servers.get_by_id(int(number)))
    if server.status == server.STATUS_RUNNING:
        return
    patiently(server.power_on)
    if not becomes(server, server.STATUS_RUNNING, START_S):
        raise Refused(
            f"host: {server.name} is not on after {START_S} s: see https://console.hetzner.cloud; run up again"
        )
    say(f"started {server.name}")


def say(text: str) -> None:
    """The output of a step."""
    sys.stdout.write(f"{text}\n")


def main(words: Sequence[str]) -> None:
    """Does what the words say."""
    token = "" if sys.stdin.isatty() else sys.stdin.read().strip()
    try:
        with connected(token or os.environ.get("HCLOUD_TOKEN", "")) as client:
            if words[0] == "shut-down":
                shut_down(client, *words[1:])
            else:
                power_on(client, *words[1:])
    except Refused as refused:
        sys.exit(str(refused))


if __name__ == "__main__":
    main(sys.argv[1:])
