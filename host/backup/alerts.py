"""Tells people: a POST when something turns bad or good again, and a GET every five minutes while all is good."""

import json
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from http.client import HTTPException

from . import state
from .settings import Settings

TIMEOUT_S = 5
HEARTBEAT_S = 300
LOOKS = 2
"""Looks in a row that must see the same, so that a restart of PostgreSQL alarms nobody."""


def tell(chosen: Settings, problems: Sequence[str], now: float) -> list[str]:
    """Sends what is due, and returns what could not be sent, for the log. It is sent again at the next look."""
    memory, current = state.read("alerts.json"), "bad" if problems else "good"
    looks = memory.get("looks", 0) + 1 if memory.get("seen") == current else 1
    memory |= {"seen": current, "looks": looks}
    errors = []
    if chosen.webhook_url and looks >= LOOKS and memory.get("told", "good") != current:
        message = {"stack": chosen.stack, "state": current, "problems": list(problems), "time": state.iso(now)}
        if error := _request(chosen.webhook_url, json.dumps(message).encode()):
            errors.append(f"alerts/webhook_url: {error}")
        else:
            memory["told"] = current
    beat = memory.get("heartbeat", 0)
    if chosen.heartbeat_url and current == "good" and not beat <= now < beat + HEARTBEAT_S:
        if error := _request(chosen.heartbeat_url, None):
            errors.append(f"alerts/heartbeat_url: {error}")
        else:
            memory["heartbeat"] = now
    state.write("alerts.json", memory)
    return errors


def _request(url: str, body: bytes | None) -> str:
    """Returns an error, or an empty text. Neither contains the address: whoever knows it can use it."""
    headers = {"User-Agent": "sertantai-backup", **({"Content-Type": "application/json"} if body else {})}
    begun = time.monotonic()
    try:
        # The settings accept http and https alone.
        request = urllib.request.Request(url, body, headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=TIMEOUT_S):  # noqa: S310
            return ""
    except urllib.error.HTTPError as error:
        return f"the server answers {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        return f"no answer after {time.monotonic() - begun:.0f} s ({type(error).__name__})"
