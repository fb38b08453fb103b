"""The HTTP interface: /v1/health and /v1/shape, the latter for whole tables as they are now (offset=-1)."""

import hmac
import json

import psycopg2

from ..shared.service import Answer, Request, as_json
from .replication import ACTIVE, Replication
from .shapes import Shape, Shapes, UnknownTable

NOT_HERE = ("where", "columns", "live")
UP_TO_DATE = {"headers": {"control": "up-to-date"}}


class Api:
    """Answers requests; without a secret (ELECTRIC_INSECURE) anyone's."""

    def __init__(self, replication: Replication, shapes: Shapes, secret: str) -> None:
        self._replication, self._shapes, self._secret = replication, shapes, secret

    def answer(self, request: Request) -> Answer:
        """Find the endpoint and ask it."""
        if request.path == "/v1/health":
            status = self._replication.status
            return as_json({"status": status}, 200 if status == ACTIVE else 202, {"Cache-Control": "no-cache"})
        if request.path == "/v1/shape" and request.method == "GET":
            # Of a parameter given twice the last counts.
            return self._shape({name: values[-1] for name, values in request.query.items()})
        return as_json({"message": "Not found"}, 404)

    def _shape(self, query: dict[str, str]) -> Answer:
        given = query.get("secret", query.get("api_secret", ""))
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            return as_json({"message": "Unauthorized - Invalid API secret"}, 401)
        errors = {name: ["can't be blank"] for name in ("table", "offset") if not query.get(name)}
        if not errors and query["offset"] != "-1":
            errors["offset"] = ["this stand-in answers -1 only"]
        errors |= {name: ["this stand-in does not know it"] for name in NOT_HERE if name in query}
        if errors:
            return _invalid(errors)
        table = query["table"]
        try:
            shape = self._shapes.read(table) if self._replication.status == ACTIVE else self._shapes.stored(table)
        except UnknownTable:
            return _invalid({"table": [f'Table "{table}" does not exist']})
        except psycopg2.OperationalError as error:
            return as_json({"message": f"Cannot connect to the database: {error}".strip()}, 503)
        return _messages(shape) if shape else as_json({"message": "Not ready: waiting for the lock"}, 503)


def _messages(shape: Shape) -> Answer:
    return as_json(
        [*shape.messages, UP_TO_DATE],
        headers={
            "electric-handle": shape.handle,
            "electric-offset": shape.offset,
            "electric-schema": json.dumps(shape.schema),
            "electric-up-to-date": "",
            "Cache-Control": "public, max-age=5, stale-while-revalidate=5",
        },
    )


def _invalid(errors: dict[str, list[str]]) -> Answer:
    return as_json({"message": "Invalid request", "errors": errors}, 400)
