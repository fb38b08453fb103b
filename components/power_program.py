"""Runs on the operator's machine (`python3 -c`): turns a server at Hetzner off and on, in order."""

import http.client
import json
import os
import sys
import time
import urllib.error
import urllib.request

TOKEN = ("" if sys.stdin.isatty() else sys.stdin.read().strip()) or os.environ.get("HCLOUD_TOKEN", "")
ENDPOINT = os.environ.get("HCLOUD_ENDPOINT") or "https://api.hetzner.cloud/v1"
TRIES, PAUSE_S, SHUTDOWN_S, START_S = 5, 2, 180, 120


def ask(method, path):
    """What the API answers; bursts of its troubles are waited out."""
    request = urllib.request.Request(ENDPOINT + path, method=method, headers={"Authorization": "Bearer " + TOKEN})
    for left in reversed(range(TRIES)):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if left and (error.code in (409, 423, 429) or error.code >= 500):
                time.sleep(PAUSE_S)
                continue
            words = error.read().decode(errors="replace")[:300]
            sys.exit(f"host: Hetzner's API answers {error.code} to {method} {path}: {words}")
        except (OSError, ValueError, http.client.HTTPException) as error:
            if not left:
                sys.exit(f"host: Hetzner's API cannot be reached ({error}): run up again")
            time.sleep(PAUSE_S)


def found(number):
    return ask("GET", f"/servers/{number}")["server"]


def wait(number, status, timeout_s):
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if found(number)["status"] == status:
            return True
        time.sleep(1)
    return False


def shut_down(address, server_type):
    """Stops the server that has this address and is to become another type: its containers end as they should."""
    number = ask("GET", f"/primary_ips/{address}")["primary_ip"]["assignee_id"]
    here = found(number) if number else None
    if not here or here["server_type"]["name"] == server_type or here["status"] == "off":
        return
    print("shutting down", here["name"], "to make it", server_type)
    ask("POST", f"/servers/{here['id']}/actions/shutdown")
    if not wait(here["id"], "off", SHUTDOWN_S):
        ask("POST", f"/servers/{here['id']}/actions/poweron")
        sys.exit(f"host/server_type: {here['name']} was not off after {SHUTDOWN_S} s; it was left on: run up again")


def power_on(server):
    """Starts a server that is off."""
    here = found(server)
    if here["status"] == "running":
        return
    ask("POST", f"/servers/{here['id']}/actions/poweron")
    if not wait(here["id"], "running", START_S):
        sys.exit(f"host: {here['name']} is not on after {START_S} s: see https://console.hetzner.cloud; run up again")
    print("started", here["name"])
