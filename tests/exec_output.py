"""Keeps the whole output of a command in a container: Docker's client for Python can lose its beginning.

It reads the head of the answer through a buffer, and the output from the socket behind that. On a busy machine both
arrive together, and the output in the buffer would be lost: an empty text and the exit code 0. With `stream=True`, such
output may come late.
"""

import time
from io import BufferedReader
from typing import Any

from docker.api.client import APIClient
from docker.models.containers import Container

_exec_run = Container.exec_run
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


def _patient_exec(container: Container, command: Any, *words: Any, **options: Any) -> Any:
    for _ in range(2):
        result = _exec_run(container, command, *words, **options)
        if not (result.exit_code and isinstance(result.output, bytes) and b"OCI runtime" in result.output):
            return result
        time.sleep(0.5)
    return _exec_run(container, command, *words, **options)


def keep_output() -> None:
    """Fixes the client in this process. What runc fails to start, as on a busy machine, is tried again."""
    Container.exec_run = _patient_exec  # type: ignore[method-assign,assignment]
    APIClient._get_raw_response_socket = _buffered_socket  # type: ignore[attr-defined]
