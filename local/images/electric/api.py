"""The HTTP interface: /v1/health and /v1/shape."""

import asyncio
import hmac
import json
import time
from collections.abc import Mapping

import psycopg2
from aiohttp import web

from .definition import Errors, Invalid, Wanted, read
from .messages import up_to_date
from .offset import START, Offset
from .replication import ACTIVE, Replication
from .shapes import NotReady, Shapes
from .storage import Shape, Storage

LONG_POLL_S = 20
READY_S = 5
LOOK_S = 0.1
CURSOR_EPOCH = 1728432000  # Electric's cursors count from 9 October 2024
INITIAL_CACHE = "public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746"
LIVE_CACHE = "public, max-age=5, stale-while-revalidate=5"
CACHE = "public, max-age=60, stale-while-revalidate=300"
EXPOSED = (
    "electric-cursor,electric-handle,electric-has-data,electric-offset,electric-schema,electric-up-to-date,"
    "electric-internal-known-error,retry-after"
)
MUST_REFETCH = [{"headers": {"control": "must-refetch"}}]


class Unknown(Exception):
    """The shape was created after this Electric started, and this Electric waits for the slot. `key` is the shape's."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Api:
    """Answers requests, from anyone if there is no secret (ELECTRIC_INSECURE)."""

    def __init__(self, replication: Replication, shapes: Shapes, storage: Storage, secret: str) -> None:
        self._replication, self._shapes, self._storage, self._secret = replication, shapes, storage, secret
        self._in_flight = 0
        self._refused: set[str] = set()

    def application(self) -> web.Application:
        """Returns the routes for aiohttp's server."""
        application = web.Application()
        application.router.add_get("/v1/health", self._health)
        application.router.add_get("/v1/shape", self._shape)
        application.router.add_options("/v1/shape", self._options)
        return application

    async def idle(self, seconds: float) -> None:
        """Waits until no request for a shape is in flight, for at most `seconds`."""
        end = time.monotonic() + seconds
        while self._in_flight and time.monotonic() < end:
            await asyncio.sleep(LOOK_S)

    async def _health(self, _: web.Request) -> web.Response:
        status = self._replication.status
        headers = {"Cache-Control": "no-cache, no-store, must-revalidate"}
        return _json({"status": status}, 200 if status == ACTIVE else 202, headers)

    async def _options(self, request: web.Request) -> web.Response:
        return web.Response(status=204, headers={**_cors(request), "access-control-max-age": "86400"})

    async def _shape(self, request: web.Request) -> web.Response:
        self._in_flight += 1
        try:
            return await self._answered(request)
        finally:
            self._in_flight -= 1

    async def _answered(self, request: web.Request) -> web.Response:
        # If a parameter is repeated, the last one counts.
        query: dict[str, str] = dict(request.query.items())
        secret = query.get("secret", query.get("api_secret", ""))
        if not hmac.compare_digest(secret.encode(), self._secret.encode()):
            return _json({"message": "Unauthorized - Invalid API secret"}, 401)
        try:
            wanted = read(query)
            shape = await self._find(wanted)
            if wanted.handle in (None, shape.handle):
                answer = await self._follow(wanted, shape)
            else:
                answer = _rotated(shape.handle)
        except Invalid as error:
            answer = _invalid(error.errors)
        except Unknown as unknown:
            self._refused.add(unknown.key)
            answer = _rotated(None)
        except NotReady:
            answer = _later("Timeout waiting for Postgres lock acquisition", 5)
        except psycopg2.OperationalError:
            answer = _later("Cannot connect to the database to verify the shape. Please try again later.", 1)
        answer.headers.update(_cors(request))
        if answer.headers.get("etag", "-") in [
            tag.strip() for tag in request.headers.get("If-None-Match", "").split(",")
        ]:
            return web.Response(status=304, headers=answer.headers)
        return answer

    async def _find(self, wanted: Wanted) -> Shape:
        """Finds the shape, which another Electric may have stored. Creates it only if this Electric has the slot."""
        key, end = wanted.definition.key, time.monotonic() + READY_S
        while True:
            try:
                return await self._shapes.get(wanted.definition)
            except NotReady:
                if wanted.handle or key in self._refused:
                    raise Unknown(key) from None
                if time.monotonic() > end:
                    raise
            await asyncio.sleep(LOOK_S)

    async def _follow(self, wanted: Wanted, shape: Shape) -> web.Response:
        """Returns the log after an offset: at once, at the next change, or at the end of the poll."""
        begun, led = time.monotonic(), self._shapes.leads
        while True:
            changed = self._shapes.changed(shape.handle)
            if not self._storage.has(shape.handle):
                return _rotated(None)
            end = self._shapes.end(shape.handle)
            offset = end if wanted.offset is None else wanted.offset
            piece = self._storage.read(shape.handle, offset, end)
            ahead = offset > end
            if piece.bodies and self._shapes.leads != led:
                # The poll began while another Electric had the slot: end it at the first change.
                return _rotated(None)
            if piece.bodies or not (wanted.live or ahead):
                fresh = offset == START
                lsn = piece.end.transaction if wanted.live else max(self._storage.stored(), piece.end.transaction)
                last = [up_to_date(lsn)] if piece.last and not fresh else []
                return self._answer(wanted, shape, piece.end, [*piece.bodies, *last], bool(last))
            # After a restart, a client can be ahead of this Electric for a moment.
            left = begun + LONG_POLL_S / (2 if ahead else 1) - time.monotonic()
            if left <= 0:
                if ahead:
                    return _invalid({"offset": ["out of bounds for this shape"]})
                return self._answer(wanted, shape, end, [up_to_date(self._storage.stored())], True, has_data=False)
            try:
                await asyncio.wait_for(changed.wait(), left)
            except TimeoutError:
                continue

    def _answer(
        self, wanted: Wanted, shape: Shape, end: Offset, bodies: list[str], last: bool, has_data: bool = True
    ) -> web.Response:
        tag = f"{shape.handle}:{wanted.offset}:{end}" + ("" if has_data else f":{time.monotonic_ns()}")
        headers = {
            "electric-handle": shape.handle,
            "electric-offset": str(end),
            "electric-has-data": "true" if has_data else "false",
            "etag": f'"{tag}"',
            "cache-control": INITIAL_CACHE if wanted.offset == START else LIVE_CACHE if wanted.live else CACHE,
        }
        if last:
            headers["electric-up-to-date"] = ""
        if wanted.live:
            headers["electric-cursor"] = str(-(-(int(time.time()) - CURSOR_EPOCH) // LONG_POLL_S) * LONG_POLL_S)
        else:
            headers["electric-schema"] = json.dumps(shape.described)
        return web.Response(text=f"[{','.join(bodies)}]", content_type="application/json", headers=headers)


def _json(value: object, status: int, headers: Mapping[str, str] | None = None) -> web.Response:
    return web.json_response(value, status=status, headers=headers)


def _failed(value: object, status: int, **headers: str) -> web.Response:
    return _json(value, status, {"cache-control": "no-store", "surrogate-control": "no-store", **headers})


def _invalid(errors: Errors) -> web.Response:
    return _failed({"message": "Invalid request", "errors": errors}, 400)


def _later(message: str, seconds: int) -> web.Response:
    return _failed({"message": message}, 503, **{"retry-after": str(seconds)})


def _rotated(handle: str | None) -> web.Response:
    seconds = 60 if handle else 1
    headers = {"cache-control": f"public, max-age={seconds}, must-revalidate"}
    return _json(MUST_REFETCH, 409, headers | ({"electric-handle": handle} if handle else {}))


def _cors(request: web.Request) -> dict[str, str]:
    return {
        "access-control-allow-origin": request.headers.get("Origin", "*"),
        "access-control-expose-headers": EXPOSED,
        "access-control-allow-methods": "GET, HEAD, OPTIONS",
    }
