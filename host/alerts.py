"""Sends alerts: a POST when a problem begins or is over, and a GET every five minutes while there is none."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from . import requests
from .times import iso

TIMEOUT_S = 5
HEARTBEAT_S = 300
LOOKS, PATIENT_LOOKS = 2, 8
"""Looks in a row that must see the same, so that a release or a restart alarms nobody. What does not answer may be slow
on a busy machine."""


@dataclass(frozen=True)
class Alerts:
    """Where the alerts of a stack are sent."""

    stack: str
    webhook_url: str | None
    heartbeat_url: str | None


def tell(
    alerts: Alerts, problems: Mapping[str, str], memory: dict[str, Any], now: float, silent: Collection[str] = ()
) -> list[str]:
    """Sends what is due, and returns what could not be sent. It is sent again at the next look.

    `problems` are what this look sees: texts by their keys. Those in `silent` are that something does not answer.
    `memory` is changed; the caller keeps it for the next look.
    """
    _see(problems, memory, silent)
    errors = []
    if alerts.webhook_url and memory["open"].keys() != memory["told"].keys():
        if error := _request(alerts.webhook_url, json.dumps(_message(alerts.stack, memory, now)).encode()):
            errors.append(f"alerts/webhook_url: {error}")
        else:
            memory["told"] = dict(memory["open"])
    beat = memory.get("heartbeat", 0)
    if alerts.heartbeat_url and not memory["open"] and not beat <= now < beat + HEARTBEAT_S:
        if error := _request(alerts.heartbeat_url, None):
            errors.append(f"alerts/heartbeat_url: {error}")
        else:
            memory["heartbeat"] = now
    return errors


def _see(problems: Mapping[str, str], memory: dict[str, Any], silent: Collection[str]) -> None:
    """Takes a look into the memory: a problem is open once some looks in a row have seen it, and over likewise.

    A look to which something did not answer says nothing of what it has not seen.
    """
    open_, looks = memory.setdefault("open", {}), memory.get("looks", {})
    memory.setdefault("told", {})
    changed = {key: looks.get(key, 0) + 1 for key in problems.keys() ^ open_.keys()}
    needed = {key: PATIENT_LOOKS if key in problems and key in silent else LOOKS for key in changed}
    settled = {key for key, count in changed.items() if count >= needed[key]}
    known = {**looks, **changed} if silent else changed
    memory["looks"] = {key: count for key, count in known.items() if key not in settled}
    for key in settled:
        open_.pop(key, None)
        if key in problems:
            open_[key] = problems[key]
    open_ |= {key: text for key, text in problems.items() if key in open_}


def _message(stack: str, memory: Mapping[str, Any], now: float) -> dict[str, Any]:
    """Returns what the webhook gets: all problems, and which of them are new, and which are over."""
    open_, told = memory["open"], memory["told"]
    return {
        "stack": stack,
        "state": "bad" if open_ else "good",
        "problems": [open_[key] for key in sorted(open_)],
        "new": [open_[key] for key in sorted(open_.keys() - told.keys())],
        "over": [told[key] for key in sorted(told.keys() - open_.keys())],
        "time": iso(now),
    }


def _request(url: str, body: bytes | None) -> str:
    """Returns an error, or an empty text. Neither contains the address, which is secret."""
    headers = {"User-Agent": "sertantai-watch", **({"Content-Type": "application/json"} if body else {})}
    try:
        status = requests.send(url, TIMEOUT_S, headers=headers, body=body).status
    except requests.NoAnswer as error:
        return str(error)
    return "" if status < HTTPStatus.MULTIPLE_CHOICES else f"the server answers {status}"
