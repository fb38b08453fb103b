"""Requests to other servers, by a process of root: no redirect is followed, and each one ends within its time."""

import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from threading import Thread
from typing import Any

MAX_BYTES = 100_000


class NoAnswer(Exception):
    """The server does not answer, or not within the time. The text does not contain the address."""


@dataclass(frozen=True)
class Answer:
    """What a server answers, with at most 100 kB of its content."""

    status: int
    headers: Message
    content: bytes


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """A redirect could lead the request, and what it contains, to anybody."""

    def redirect_request(self, *_: Any) -> None:
        """Follows none: the redirect itself is the answer."""


def send(url: str, timeout_s: float, *, headers: dict[str, str] | None = None, body: bytes | None = None) -> Answer:
    """Sends a GET, or a POST with a `body`, and returns the answer, whatever its status. Raises `NoAnswer`."""
    results: list[Answer | Exception] = []

    def ask() -> None:
        try:
            results.append(_ask(urllib.request.Request(url, body, headers or {}), timeout_s))  # noqa: S310
        except (OSError, HTTPException, ValueError) as error:
            results.append(error)

    begun = time.monotonic()
    # The limit of a socket is for each read. A server that sends a byte now and then would keep the caller for good.
    thread = Thread(target=ask, daemon=True)
    thread.start()
    thread.join(timeout_s)
    result = results[0] if results else TimeoutError()
    if isinstance(result, Exception):
        raise NoAnswer(f"no answer after {time.monotonic() - begun:.0f} s ({type(result).__name__})") from None
    return result


def _ask(request: urllib.request.Request, timeout_s: float) -> Answer:
    try:
        with urllib.request.build_opener(_NoRedirects).open(request, timeout=timeout_s) as answer:
            return Answer(answer.status, answer.headers, answer.read(MAX_BYTES))
    except urllib.error.HTTPError as error:
        with error:
            return Answer(error.code, error.headers, b"")
