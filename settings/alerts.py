"""Alerts: where the server reports that something is wrong."""

from typing import Annotated

from .names import _Text
from .platform import Model

WATCH_MEMORY_MB = 128
"""MB, of the container that checks the platform and sends alerts."""
_NAME = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
HttpUrl = Annotated[
    str,
    _Text(rf"https?://{_NAME}(?:\.{_NAME})*(?::[0-9]{{1,5}})?(?:/[A-Za-z0-9._~-]+)*/?", "be an address: https://..."),
]


class Alerts(Model):
    """Where alerts are sent. Anybody who knows one of the addresses can send to it."""

    webhook_url: HttpUrl | None = None
    """Gets a POST with JSON when a problem begins, and when it is over."""
    heartbeat_url: HttpUrl | None = None
    """Gets a GET every five minutes while everything is good."""
