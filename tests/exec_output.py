"""Docker's client for Python returns the whole output of a command in a container, also to a late reader.

It reads the head of the answer through a buffer, and the output from the socket behind that. On a busy machine both
arrive together, and the output in the buffer would be lost: an empty text and the exit code 0.
"""

from io import BufferedReader
from typing import Any

from docker.api.client import APIClient

_socket = APIClient._get_raw_response_socket  # type: ignore[attr-defined]


class _Behind:
    """The socket behind the head. What the buffer has already read comes first."""

    def __init__(self, buffer: BufferedReader) -> None:
        self._buffer = buffer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._buffer.raw, name)

    def recv(self, count: int) -> bytes:
        return self._buffer.read1(count)


def _behind(client: APIClient, answer: Any) -> _Behind:
    _socket(client, answer)
    return _Behind(answer.raw._fp.fp)


def keep_output() -> None:
    """Mends the client, for this process."""
    APIClient._get_raw_response_socket = _behind  # type: ignore[attr-defined]
