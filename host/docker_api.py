"""Docker's API over its socket, for reads that must be quick: a `docker` takes longer to start than to answer."""

import http.client
import json
import os
import socket
from typing import Any
from urllib.parse import quote

SOCKET = "/var/run/docker.sock"


class NoAnswer(OSError):
    """Docker does not answer, or refuses the request."""


def get(path: str, timeout_s: float, **query: str) -> Any:
    """Returns the JSON at a path of the API. Raises `NoAnswer`."""
    words = "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())
    connection = _Connection(timeout_s)
    try:
        connection.request("GET", f"{path}?{words}")
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise NoAnswer(str(error)) from None
    finally:
        connection.close()
    if answer.status != http.client.OK:
        raise NoAnswer(f"{answer.status} for {path}")
    return json.loads(body)


class _Connection(http.client.HTTPConnection):
    """A connection to the socket that the client `docker` uses too."""

    def __init__(self, timeout_s: float) -> None:
        super().__init__("docker", timeout=timeout_s)

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        scheme, _, path = os.environ.get("DOCKER_HOST", "").partition("://")
        self.sock.connect(path if scheme == "unix" else SOCKET)
