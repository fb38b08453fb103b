"""Hetzner's own client, with retries for transient errors, and with errors in the terms of the settings."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from ..show.meanings import HETZNER

if TYPE_CHECKING:
    from hcloud import APIException, Client
    from hcloud.servers import BoundServer

T = TypeVar("T")
ENDPOINT = "https://api.hetzner.cloud/v1"
TRIES, PAUSE_S, POLL_S, TIMEOUT_S = 5, 2, 1, 30
TRANSIENT = {"conflict", "locked", "rate_limit_exceeded", "unavailable", "server_error", "service_error", "timeout"}
TRANSIENT |= {"bad_gateway", "maintenance"}


class Refused(Exception):
    """Hetzner's API has refused a request. Says why and what to do."""


@contextmanager
def connect(token: str) -> Iterator["Client"]:
    """Yields a client. Errors in the block are raised as `Refused`."""
    # Imported here: it is slow to import, and most runs do not need it.
    from hcloud import APIException, Client

    try:
        yield Client(token, os.environ.get("HCLOUD_ENDPOINT") or ENDPOINT, timeout=TIMEOUT_S)
    except APIException as error:
        meaning = HETZNER.get(str(error.code), "host: Hetzner's API refuses it")
        raise Refused(f"{meaning} ({error})") from None
    except OSError as error:
        raise Refused(f"host: Hetzner's API cannot be reached ({error}): run up again") from None


def retry(call: Callable[[], T]) -> T:
    """Calls `call` and returns its result. Retries it a few times after transient errors."""
    from hcloud import APIException

    for _ in range(TRIES - 1):
        try:
            return call()
        except APIException as error:
            if not _is_transient(error):
                raise
        except OSError:
            pass
        time.sleep(PAUSE_S)
    return call()


def wait_for_status(server: "BoundServer", status: str, timeout_s: float) -> bool:
    """Whether a server reaches this status within the timeout."""
    end = time.monotonic() + timeout_s
    while True:
        retry(server.reload)
        if server.status == status:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_S)


def _is_transient(error: "APIException") -> bool:
    """Whether an error is transient. Its code is Hetzner's, or else the HTTP status."""
    return str(error.code) in TRANSIENT or (isinstance(error.code, int) and error.code >= 500)
