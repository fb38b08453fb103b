"""The only way in which tests wait."""

import subprocess
import time
from collections import deque
from collections.abc import Callable

import httpx
import requests
from docker.errors import DockerException

from host.failure import Failure

TROUBLES = (
    *(httpx.HTTPError, requests.RequestException, DockerException, subprocess.SubprocessError),
    *(AssertionError, OSError, LookupError, ValueError, Failure),
)
_heard: deque[str] = deque(maxlen=3)


def hear(words: object) -> None:
    """Records the output of a command or the answer of a site: a wait that fails shows it."""
    _heard.append(str(words))


def eventually(so: Callable[[], object], timeout_s: float = 60) -> float:
    """Waits until `so` is true. Returns the seconds. An exception of `so` means that it is not true yet."""
    begun = time.monotonic()
    while True:
        _heard.clear()
        try:
            if so():
                return time.monotonic() - begun
            trouble = "it does not hold"
        except TROUBLES as error:
            trouble = repr(error)
        if time.monotonic() - begun > timeout_s:
            raise AssertionError("\n".join([f"not within {timeout_s} s: {trouble}; the last attempt:", *_heard]))
        time.sleep(0.1)
