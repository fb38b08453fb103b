"""The release's endpoints."""

import json
import os
import socket
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import unquote, urlencode, urlsplit

import psycopg2

from ..shared.database import Pool, connect
from ..shared.service import Answer, Request, as_json
from ..shared.websocket import echo
from . import manners

SHAPE_TABLE = "uk_lrt"


class Item(NamedTuple):
    """A row of `items`."""

    id: int
    key: str
    body: str | None
    inserted_at: object


class Web:
    """Answers requests, with or without a database."""

    def __init__(self, pool: Pool | None) -> None:
        self._pool = pool
        self._fail = os.environ.get("FAIL", "")
        self._checked = False
        self._version = os.environ.get("APP_VERSION", "1")
        self._routes: dict[tuple[str, str], Callable[[Request], Answer]] = {
            ("GET", "/health"): self._health,
            ("GET", "/ready"): self._ready,
            ("GET", "/api/version"): lambda _: as_json({"version": self._version}),
            ("GET", "/api/items"): self._items,
            ("POST", "/api/items"): self._add_item,
            ("GET", "/api/slow"): self._slow,
            ("GET", "/api/stream"): self._stream,
            ("GET", "/api/ws"): echo,
            ("GET", "/api/redis"): lambda _: count_in_redis(),
            ("GET", "/api/events"): manners.events,
            ("POST", "/api/upload"): manners.upload,
            ("GET", "/api/electric/v1/shape"): shape,
        }

    def answer(self, request: Request) -> Answer:
        """Returns the answer of the request's endpoint."""
        if redirect := manners.redirect(request):
            return redirect
        if request.path.startswith("/api/files/"):
            return manners.files(request)
        if request.path.startswith("/api/rows/"):
            return rows(request)
        if request.method == "GET" and request.path.startswith("/api/call/"):
            return call(request.path.removeprefix("/api/call/"))
        route = self._routes.get((request.method, request.path))
        return route(request) if route else as_json({"error": "not found"}, 404)

    def _health(self, _: Request) -> Answer:
        failing = self._fail == "unhealthy" or (self._fail == "healthy_once" and self._checked)
        self._checked = True
        return as_json({"status": "failing" if failing else "ok", "version": self._version}, 503 if failing else 200)

    def _ready(self, _: Request) -> Answer:
        try:
            if self._pool:
                with self._pool.cursor() as cursor:
                    cursor.execute("select 1")
        except psycopg2.Error as error:
            return as_json({"status": "waiting", "error": str(error).strip()}, 503)
        return as_json({"status": "ready"})

    def _items(self, _: Request) -> Answer:
        if self._pool is None:
            return as_json({"error": "no database"}, 404)
        with self._pool.cursor() as cursor:
            cursor.execute("select id, key, body, inserted_at from items order by id desc limit 100")
            return as_json([Item(*row)._asdict() for row in cursor.fetchall()])

    def _add_item(self, request: Request) -> Answer:
        if self._pool is None:
            return as_json({"error": "no database"}, 404)
        try:
            item = dict(json.loads(request.body or b"{}"))
        except ValueError:
            return as_json({"error": "a JSON object is expected"}, 400)
        key = item.get("key") or str(uuid.uuid4())
        try:
            with self._pool.cursor() as cursor:
                cursor.execute("insert into items (key, body) values (%s, %s) returning id", (key, item.get("body")))
                (number,) = cursor.fetchone() or (None,)
        except psycopg2.errors.UniqueViolation:
            return as_json({"error": "this key is taken", "key": key}, 409)
        return as_json({"id": number, "key": key})

    def _slow(self, request: Request) -> Answer:
        seconds = _seconds(request)
        time.sleep(seconds)
        return as_json({"slept": seconds, "version": self._version})

    def _stream(self, request: Request) -> Answer:
        def lines(end: float) -> Iterator[bytes]:
            while time.monotonic() < end:
                yield f"{self._version} {time.time():.1f}\n".encode()
                time.sleep(0.1)
            yield b"end\n"

        return Answer(headers={"Content-Type": "text/plain"}, body=lines(time.monotonic() + _seconds(request)))


def call(name: str) -> Answer:
    """Requests another service's version, at the address in `<NAME>_URL`."""
    url = os.environ.get(f"{name.upper().replace('-', '_')}_URL")
    if url is None:
        return as_json({"error": f"this service may not call {name}"}, 404)
    return fetch(f"{url}/api/version")


def rows(request: Request) -> Answer:
    """Counts the rows of `items` in the database whose URL is in the variable that the path names, or adds one."""
    url = os.environ.get(request.path.removeprefix("/api/rows/"))
    if url is None:
        return as_json({"error": "there is no such variable"}, 404)
    connection = None
    try:
        connection = connect(url)
        with connection, connection.cursor() as cursor:
            if request.method == "POST":
                cursor.execute("insert into items (key) values (%s)", (str(uuid.uuid4()),))
            cursor.execute("select count(*) from items")
            (count,) = cursor.fetchone() or (0,)
            return as_json({"rows": count})
    except psycopg2.Error as error:
        return as_json({"error": str(error).strip()}, 403)
    finally:
        if connection:
            connection.close()


def shape(request: Request) -> Answer:
    """Forwards a request for a shape of the one public table to Electric, with Electric's secret."""
    if request.query.get("table") != [SHAPE_TABLE] or {"secret", "api_secret"} & request.query.keys():
        return as_json({"error": f"only the table {SHAPE_TABLE} may be read"}, 403)
    query = urlencode({**request.query, "secret": os.environ["ELECTRIC_SECRET"]}, doseq=True)
    return fetch(f"{os.environ['ELECTRIC_URL']}/v1/shape?{query}", timeout=75)


def fetch(url: str, timeout: float = 5) -> Answer:
    """Returns another server's answer."""
    try:
        with urllib.request.urlopen(url, timeout=timeout) as response:  # noqa: S310  the address is a setting
            status, headers, body = response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        status, headers, body = error.code, error.headers, error.read()
    except OSError as error:
        return as_json({"error": str(error)}, 502)
    passed = ("content-type", "cache-control", "etag", "retry-after")
    kept = {name: value for name, value in headers.items() if name.lower().startswith(("electric-", *passed))}
    return Answer(status=status, headers=kept, body=body)


def count_in_redis() -> Answer:
    """Counts its calls in a key with this app's prefix."""
    url = os.environ.get("REDIS_URL")
    if url is None:
        return as_json({"error": "no Redis"}, 404)
    parts = urlsplit(url)
    login = ["AUTH", unquote(parts.username or ""), unquote(parts.password or "")]
    with socket.create_connection((parts.hostname, parts.port or 6379), timeout=5) as connection:
        answers = connection.makefile("r", newline="\r\n")
        for words in (login, ["INCR", f"{os.environ['REDIS_PREFIX']}asked"]):
            pieces = [f"*{len(words)}\r\n", *(f"${len(word.encode())}\r\n{word}\r\n" for word in words)]
            connection.sendall("".join(pieces).encode())
            answer = answers.readline().strip()
            if answer.startswith("-"):
                return as_json({"error": answer}, 502)
    return as_json({"asked": int(answer.removeprefix(":"))})


def _seconds(request: Request) -> float:
    return min(float(request.query.get("seconds", ["1"])[0]), 300)
