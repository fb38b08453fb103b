"""When the token of the images' registry expires. GitHub tells everyone who uses a token, in a header."""

import base64
import hashlib
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from email.message import Message
from http.client import HTTPException
from typing import Any

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
    if known.get("token") != token or not known["asked"] <= now < known["next"]:
        known = memory["token"] = {"token": token, "asked": now, **_ask(registry, now)}
    return {"server": registry["server"], "expires": known.get("expires"), "refused": known.get("refused", False)}


def _ask(registry: Mapping[str, str], now: float) -> dict[str, Any]:
    server = registry["server"]
    scheme = "http" if server.split(":")[0] in ("localhost", "127.0.0.1") else "https"  # as Docker does
    login = base64.b64encode(f"{registry['username']}:{registry['token']}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "User-Agent": "sertantai-watch"}
    url = GITHUB_API if server == GITHUB else f"{scheme}://{server}/v2/"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=TIMEOUT_S) as answer:  # noqa: S310
            return {"next": now + ASK_S, "expires": _expires(answer.headers)}
    except urllib.error.HTTPError as error:
        # A server that wants a token of its own refuses every password here.
        asks_for_token = error.headers.get("WWW-Authenticate", "").lower().startswith("bearer")
        return {"next": now + ASK_S, "refused": error.code == 401 and not asks_for_token}
    except (OSError, HTTPException, ValueError):
        return {"next": now + AGAIN_S}


def _expires(headers: Message) -> float | None:
    with suppress(ValueError):
        text = headers.get(EXPIRATION, "").replace("UTC", "+0000")
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S %z").timestamp()
    return None
