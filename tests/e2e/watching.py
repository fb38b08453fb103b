"""Clients that keep sending requests during a release."""

import threading
import time
import uuid
from types import TracebackType
from typing import Protocol, Self

import httpx

SHAPES, RETRIES = "/electric/", 5


class Gateway(Protocol):
    """Connects clients to its sites."""

    def client(self, host: str) -> httpx.Client: ...


class Watching:
    """Requests a site without a pause, one request in four a POST with its own key. `failed` has the errors."""

    def __init__(self, gateway: Gateway, host: str, path: str = "/api/version", posts: bool = True) -> None:
        self._gateway, self._host, self._path, self._posts = gateway, host, path, posts
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=(kept,)) for kept in (True, False)]
        self.failed: list[str] = []
        self.posted: set[str] = set()
        self.answered = 0

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def serves(self) -> None:
        """Every request was answered, and each acknowledged row exists once."""
        assert not self.failed, self.failed[:5]
        assert self.answered > 10
        with self._gateway.client(self._host) as client:
            keys = client.get("/api/items").json()
        rows = [row["key"] for row in keys if row["key"] in self.posted]
        assert len(rows) == len(set(rows)) >= min(len(self.posted), 90)

    def _get(self, client: httpx.Client) -> None:
        """Requests the path, again if a shape's answer has Retry-After, as often as Electric's client does."""
        for _ in range(RETRIES):
            answer = client.get(self._path)
            if answer.status_code != 503 or "retry-after" not in answer.headers or not self._path.startswith(SHAPES):
                break
            time.sleep(float(answer.headers["retry-after"]))
        answer.raise_for_status()

    def _ask(self, keeps: bool) -> None:
        """Sends requests over one connection, or a new one each time."""
        client = self._gateway.client(self._host)
        while not self._over.is_set():
            for turn in range(4):
                try:
                    if turn or not self._posts:
                        self._get(client)
                    else:
                        key = str(uuid.uuid4())
                        client.post("/api/items", json={"key": key}).raise_for_status()
                        self.posted.add(key)
                    self.answered += 1
                except httpx.HTTPError as error:
                    self.failed.append(f"{time.strftime('%X')} {error!r}")
            if not keeps:
                client.close()
                client = self._gateway.client(self._host)
            time.sleep(0.05)
        client.close()
