"""Keeps the whole output of a command in a container: Docker's client for Python can lose its beginning.

It reads the head of the answer through a buffer, and the output from the socket behind that. On a busy machine both
arrive together, and the output in the buffer would be lost: an empty text and the exit code 0. With `stream=True`, such
output may come late.
"""

from io import BufferedReader
from typing import Any

from docker.api.client import APIClient

_raw_socket = APIClient._get_raw_response_socket  # type: ignore[attr-defined]


class _BufferedSocket:
    """The socket behind the head. What the buffer has already read comes first."""

    def __init__(self, buffer: BufferedReader) -> None:
        self._buffer = buffer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._buffer.raw, name)

    def recv(self, count: int) -> bytes:
        return self._buffer.read1(count)


def _buffered_socket(client: APIClient, answer: Any) -> _BufferedSocket:
    _raw_socket(client, answer)
    return _BufferedSocket(answer.raw._fp.fp)


def keep_output() -> None:
    """Fixes the client in this process."""
    APIClient._get_raw_response_socket = _buffered_socket  # type: ignore[attr-defined]
