"""When the token of the images' registry expires. GitHub tells everyone who uses a token, in a header."""

import base64
import hashlib
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.message import Message
from http import HTTPStatus
from typing import Any

from . import requests

ASK_S, AGAIN_S = 24 * 3600, 3600
"""Seconds until the server is asked again, and if it has not answered."""
TIMEOUT_S = 5
EXPIRATION = "github-authentication-token-expiration"
GITHUB = "ghcr.io"
GITHUB_API = "https://api.github.com/"
"""It sends the header; GitHub's registry itself does not promise to."""


def look(registry: Mapping[str, str], memory: dict[str, Any], now: float) -> dict[str, Any]:
    """Returns what is known of the token of `server`: `expires`, in seconds since 1970, and `refused`.

    Asks the server once a day, and at once for a new token or another server. `memory` is changed.
    """
    token = hashlib.sha256(f"{registry['server']} {registry['token']}".encode()).hexdigest()
    known: dict[str, Any] = memory.get("token") or {}
    if known.get("token") != token:
        known = {}
    if not known or not known["asked"] <= now < known["next"]:
        said = _ask(registry)
        # A server that gives no answer says nothing new: what it has said before counts.
        known = {**known, **(said or {}), "token": token, "asked": now}
        known["next"] = now + (AGAIN_S if said is None else ASK_S)
        memory["token"] = known
    return {"server": registry["server"], "expires": known.get("expires"), "refused": known.get("refused", False)}


def _ask(registry: Mapping[str, str]) -> dict[str, Any] | None:
    """Returns what the server says of the token. None: it gives no answer that counts."""
    server = registry["server"]
    scheme = "http" if server.split(":")[0] in ("localhost", "127.0.0.1") else "https"  # as Docker does
    login = base64.b64encode(f"{registry['username']}:{registry['token']}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "User-Agent": "sertantai-watch"}
    url = GITHUB_API if server == GITHUB else f"{scheme}://{server}/v2/"
    try:
        answer = requests.send(url, TIMEOUT_S, headers=headers)
    except requests.NoAnswer:
        return None
    if answer.status == HTTPStatus.UNAUTHORIZED:
        # A server that wants a token of its own refuses every password here.
        asks_for_token = answer.headers.get("WWW-Authenticate", "").lower().startswith("bearer")
        return {} if asks_for_token else {"refused": True}
    return {"expires": _expires(answer.headers), "refused": False} if answer.status == HTTPStatus.OK else None


def _expires(headers: Message) -> float | None:
    with suppress(ValueError):
        text = headers.get(EXPIRATION, "").replace("UTC", "+0000")
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z").timestamp()
    return None
