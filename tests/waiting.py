"""The one way in which tests wait."""

import subprocess
import time
from collections import deque
from collections.abc import Callable

import httpx
import requests
from docker.errors import DockerException

TROUBLES = (
    *(httpx.HTTPError, requests.RequestException, DockerException, subprocess.SubprocessError),
    *(AssertionError, OSError, KeyError),
)
_heard: deque[str] = deque(maxlen=3)


def hear(words: object) -> None:
    """Notes what a command said or a site answered: a wait that fails shows it."""
    _heard.append(str(words))


def eventually(so: Callable[[], object], timeout_s: float = 60) -> float:
    """Waits until `so` holds; the seconds that it took. What it raises meanwhile is a reason to wait, too."""
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
