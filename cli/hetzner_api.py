"""Hetzner's own client, with patience for troubles that pass, and its refusals in the words of the settings."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from .meanings import HETZNER

if TYPE_CHECKING:
    from hcloud import APIException, Client
    from hcloud.servers import BoundServer

T = TypeVar("T")
ENDPOINT = "https://api.hetzner.cloud/v1"
TRIES, PAUSE_S, POLL_S, TIMEOUT_S = 5, 2, 1, 30
PASSING = {"conflict", "locked", "rate_limit_exceeded", "unavailable", "server_error", "service_error", "timeout"}
PASSING |= {"bad_gateway", "maintenance"}


class Refused(Exception):
    """What Hetzner's API does not do, and what to do about it."""


@contextmanager
def connected(token: str) -> Iterator["Client"]:
    """The client; what goes wrong inside is raised as `Refused`."""
    # Imported here: it takes long, and most runs need no server at Hetzner.
    from hcloud import APIException, Client

    try:
        yield Client(token, os.environ.get("HCLOUD_ENDPOINT") or ENDPOINT, timeout=TIMEOUT_S)
    except APIException as error:
        meaning = HETZNER.get(str(error.code), "host: Hetzner's API refuses it")
        raise Refused(f"{meaning} ({error})") from None
    except OSError as error:
        raise Refused(f"host: Hetzner's API cannot be reached ({error}): run up again") from None


def patiently(call: Callable[[], T]) -> T:
    """What the call returns; troubles of the API that pass are waited out."""
    from hcloud import APIException

    for _ in range(TRIES - 1):
        try:
            return call()
        except APIException as error:
            if not _passes(error):
                raise
        except OSError:
            pass
        time.sleep(PAUSE_S)
    return call()


def becomes(server: "BoundServer", status: str, timeout_s: float) -> bool:
    """Whether a server has this status in time."""
    end = time.monotonic() + timeout_s
    while True:
        patiently(server.reload)
        if server.status == status:
            return True
        if time.monotonic() >= end:
            return False
        time.sleep(POLL_S)


def _passes(error: "APIException") -> bool:
    """The code is a word, or where there is none the answer's status."""
    return str(error.code) in PASSING or (isinstance(error.code, int) and error.code >= 500)
