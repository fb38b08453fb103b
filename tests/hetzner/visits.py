"""Clients of streams and websockets that stay while services are released."""

import socket
import threading
import time
from types import TracebackType
from typing import Self

import httpx
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from .real import Real

PAUSE_S = 0.2
ANSWER_S = 30


class Visit:
    """Works in its own thread until the end of the block. `failed` has the errors."""

    def __init__(self, real: Real, host: str) -> None:
        self.real, self.host = real, host
        self.failed: list[str] = []
        self.over = threading.Event()
        self._thread = threading.Thread(target=self._until_over)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.over.set()
        self._thread.join()

    def visit(self) -> None:
        """One connection, until it ends or the visit is over."""
        raise NotImplementedError

    def _until_over(self) -> None:
        while not self.over.is_set():
            try:
                self.visit()
            except (OSError, httpx.HTTPError, WebSocketException) as error:
                self.failed.append(f"{time.strftime('%X')} {error!r}")
                self.over.wait(PAUSE_S)


class Events(Visit):
    """Follows a stream of events of 30 s to its end, then another one."""

    def __init__(self, real: Real, host: str) -> None:
        super().__init__(real, host)
        self.whole = 0
        """How many streams have arrived from their first event to their end."""
        self.delays_s: list[float] = []
        """From when each event was sent until it arrived."""

    def visit(self) -> None:
        numbers: list[int] = []
        with self.real.client(self.host) as client, client.stream("GET", "/api/events") as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "id":
                    numbers.append(int(value))
                elif name == "data" and value != "end":
                    self.delays_s.append(time.time() - float(value))
                elif name == "data" and numbers == [*range(1, len(numbers) + 1)]:
                    self.whole += 1
                    return
        self.failed.append(f"{time.strftime('%X')} a stream ended with the events {numbers}")


class Words(Visit):
    """Sends words over a websocket and expects each back. After a close, it connects and sends that word again."""

    def __init__(self, real: Real, host: str) -> None:
        super().__init__(real, host)
        self.answered = 0
        self.closed_after_s: list[float] = []
        """How long each connection had lasted when the gateway closed it."""

    def visit(self) -> None:
        begun = time.monotonic()
        with self._connect() as connection:
            try:
                while not self.over.is_set():
                    word = f"word {self.answered}"
                    connection.send(word)
                    if (reply := connection.recv(ANSWER_S)) != word:
                        self.failed.append(f"{word} was answered with {reply!r}")
                    self.answered += 1
                    self.over.wait(PAUSE_S)
            except ConnectionClosed:
                self.closed_after_s.append(time.monotonic() - begun)

    def _connect(self) -> ClientConnection:
        plain = socket.create_connection((self.real.address, 443), timeout=ANSWER_S)
        return connect(
            f"wss://{self.host}/ws",
            sock=plain,
            ssl=self.real.trust,
            server_hostname=self.host,
            proxy=None,
            open_timeout=ANSWER_S,
        )
