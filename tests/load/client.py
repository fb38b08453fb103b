"""A load on one site, with every kind of request that a release could break. `python -m tests.load.client` runs it.

It runs until it is stopped (SIGTERM) and then prints one JSON document: for each kind of request the number of answers,
the errors, and every answer's time of day and duration in seconds.
"""

import argparse
import asyncio
import json
import random
import signal
import ssl
import sys
import time
import uuid
from collections.abc import Awaitable, Callable
from contextlib import suppress
from functools import partial
from typing import Any

import httpx
import websockets

RATE = 200
TIMEOUT_S = 100
PREFIX = "load-"


class Load:
    """All requests to one site. The long polls follow `shape`; None if there is no Electric."""

    def __init__(self, host: str, port: int, roots: str, calls: str | None, shape: str | None) -> None:
        self.host, self.port, self.calls, self.shape = host, port, calls, shape
        self.trust = ssl.create_default_context(cafile=roots)
        self.answers: dict[str, list[tuple[float, float]]] = {}
        self.failed: dict[str, list[str]] = {}
        self.posted: list[str] = []
        self.closed: list[float] = []
        self.over = asyncio.Event()
        self.pending: set[asyncio.Task[None]] = set()

    def client(self, kept: int) -> httpx.AsyncClient:
        """Returns a client that keeps this many connections at most."""
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=kept, keepalive_expiry=60)
        client = httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{self.port}",
            headers={"Host": f"{self.host}:{self.port}"},
            verify=self.trust,
            timeout=TIMEOUT_S,
            limits=limits,
        )

        async def named(request: httpx.Request) -> None:
            request.extensions.update(sni_hostname=self.host)

        client.event_hooks["request"] = [named]
        return client

    async def ask(
        self, kind: str, request: Callable[[], Awaitable[httpx.Response]], *fine: int
    ) -> httpx.Response | None:
        """Sends one request and records its result."""
        begun = time.time()
        try:
            answer = await request()
        except httpx.HTTPError as error:
            self.failed.setdefault(kind, []).append(f"{begun:.2f} {error!r}")
            return None
        if answer.status_code not in (200, *fine):
            self.failed.setdefault(kind, []).append(f"{begun:.2f} {answer.status_code} {answer.text[:80]}")
            return None
        self.answers.setdefault(kind, []).append((begun, time.time() - begun))
        return answer

    async def run(self) -> None:
        """Runs until it is stopped; then requests in flight complete."""
        async with self.client(kept=40) as kept, self.client(kept=0) as fresh, self.client(kept=10) as long:
            rest = [self.slow(long) for _ in range(3)] + [self.websocket()]
            if self.shape:
                rest.append(self.poll(long))
            if self.calls:
                rest.append(self.call(long))
            others = [asyncio.create_task(each) for each in rest]
            number, begun = 0, time.monotonic()
            while not self.over.is_set():
                over = random.choice(("kept", "new"))
                self.start(self.one(number % 10 == 0, over, kept if over == "kept" else fresh))
                number += 1
                await asyncio.sleep(max(0, begun + number / RATE - time.monotonic()))
            await asyncio.gather(*self.pending)
            _, late = await asyncio.wait(others, timeout=TIMEOUT_S)
            for task in late:
                task.cancel()

    def start(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self.pending.add(task)
        task.add_done_callback(self.pending.discard)

    async def one(self, posts: bool, over: str, client: httpx.AsyncClient) -> None:
        """Sends a POST with its own key, or a GET."""
        if not posts:
            await self.ask(f"GET, {over} connection", lambda: client.get("/api/version"))
            return
        key = f"{PREFIX}{uuid.uuid4()}"
        if await self.ask(f"POST, {over} connection", lambda: client.post("/api/items", json={"key": key})):
            self.posted.append(key)

    async def slow(self, client: httpx.AsyncClient) -> None:
        while not self.over.is_set():
            await self.ask("5 s request", lambda: client.get("/api/slow", params={"seconds": 5}))

    async def call(self, client: httpx.AsyncClient) -> None:
        while not self.over.is_set():
            await self.ask("service to service", lambda: client.get(f"/api/call/{self.calls}"))
            await asyncio.sleep(0.1)

    async def poll(self, client: httpx.AsyncClient) -> None:
        """Follows a shape, as Electric's client does."""
        at: dict[str, str] = {"offset": "-1"}
        while not self.over.is_set():
            asked = partial(client.get, f"/electric/{self.shape}", params=at)
            answer = await self.ask("long poll", asked, 204, 409)
            if answer is None or answer.status_code == 409:
                at = {"offset": "-1"}
                await asyncio.sleep(0.1)
            elif "electric-offset" in answer.headers:
                at = {"offset": answer.headers["electric-offset"], "handle": answer.headers["electric-handle"]}
                if "electric-up-to-date" in answer.headers:
                    at |= {"live": "true", "cursor": answer.headers.get("electric-cursor", "")}

    async def websocket(self) -> None:
        """Sends a word a second and expects it back. It connects again after the connection was closed."""
        while not self.over.is_set():
            begun = time.time()
            try:
                async with websockets.connect(
                    f"wss://{self.host}:{self.port}/api/ws", ssl=self.trust, host="127.0.0.1", port=self.port
                ) as socket:
                    while not self.over.is_set():
                        begun = time.time()
                        await socket.send("word")
                        assert await socket.recv() == "word"
                        self.answers.setdefault("websocket", []).append((begun, time.time() - begun))
                        with suppress(TimeoutError):
                            await asyncio.wait_for(self.over.wait(), 1)
            except websockets.ConnectionClosed:
                self.closed.append(time.time())
            except (OSError, websockets.WebSocketException) as error:
                self.failed.setdefault("websocket", []).append(f"{begun:.2f} {error!r}")
                await asyncio.sleep(0.1)

    def report(self) -> dict[str, Any]:
        return {"answers": self.answers, "failed": self.failed, "posted": self.posted, "closed": self.closed}


async def main() -> None:
    """Loads until SIGTERM, then prints the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("host")
    parser.add_argument("port", type=int)
    parser.add_argument("roots", help="PEM file of the authority")
    parser.add_argument("--calls", help="a service that the site's app calls")
    parser.add_argument("--shape", help="a public shape that is followed")
    given = parser.parse_args()
    load = Load(given.host, given.port, given.roots, given.calls, given.shape)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, load.over.set)
    await load.run()
    sys.stdout.write(json.dumps(load.report()))


if __name__ == "__main__":
    asyncio.run(main())
