"""The table `uk_lrt` of both services with Electric, and clients that follow it through the gateway."""

import uuid
from typing import Any

import pytest
from docker.models.containers import Container

from tests.electric.client import MISSING, Client, Follower

from .platform import HTTPS, Platform

LIVE_S = 15
"""The time limit of a live row: shorter than a poll without rows (20 s), and long enough for a busy machine."""
LEGAL, ENFORCEMENT = "sertantai_legal_local", "sertantai_enforcement_local"
PUBLIC = f"https://legal.localhost:{HTTPS}/electric/laws"
THROUGH_APP = f"https://enforcement.localhost:{HTTPS}/api/electric/v1/shape"
# The parameters of a client of the app's shapes. A public shape has none.
WHOLE = {"table": "uk_lrt", "columns": ["id", "name", "title", "year", "live", "created_at"]}
EITHER = pytest.mark.parametrize(
    ("url", "database"), [(PUBLIC, LEGAL), (THROUGH_APP, ENFORCEMENT)], ids=["public", "app"]
)

FOLLOWED = [
    pytest.mark.one_runner,
    pytest.mark.e2e,
    pytest.mark.docker,
    pytest.mark.skipif(MISSING is not None, reason=f"{MISSING}: Electric's client needs it"),
    pytest.mark.usefixtures("laws"),
]
"""Returns the marks of a module whose tests follow the tables with Electric's own client."""


def service_of(url: str) -> str:
    return "legal" if url == PUBLIC else "enforcement"


def insert(platform: Platform, names: list[str], database: str = LEGAL, year: int = 2000) -> None:
    values = ", ".join(f"('{name}', {year})" for name in names)
    platform.sql(f"INSERT INTO uk_lrt (name, year) VALUES {values}", database)


def table(platform: Platform, database: str = LEGAL, where: str = "true") -> set[tuple[str, str]]:
    rows = platform.sql(f"SELECT id, name FROM uk_lrt WHERE {where}", database)
    return {(number, name) for number, name in (line.split("|") for line in rows.splitlines())}


def seen(follower: Follower) -> set[tuple[str, str]]:
    return {(row["id"], row["name"]) for row in follower.rows.values()}


def names(count: int) -> list[str]:
    return [f"law {uuid.uuid4()}" for _ in range(count)]


def asks(url: str) -> dict[str, Any]:
    """Returns a client's parameters for the whole table."""
    return {} if url == PUBLIC else WHOLE


def follow(platform: Platform, url: str = PUBLIC, **params: Any) -> Client:
    """A client that is up to date."""
    client = Client(url, platform.acme / "roots.pem", asks(url) | params)
    client.wait("up to date", lambda one: one.current)
    return client


def has_exactly(client: Client, wanted: set[tuple[str, str]]) -> None:
    client.wait("the same rows as the table", lambda one: one.current and seen(one) == wanted)
    assert not client.one.faults
    assert not client.one.errors


def electric(platform: Platform, service: str = "legal") -> Container:
    [container] = platform.containers(service=service, part="electric")
    return container


def secret(platform: Platform, service: str) -> str:
    entries = electric(platform, service).attrs["Config"]["Env"]
    return next(str(entry).partition("=")[2] for entry in entries if entry.startswith("ELECTRIC_SECRET="))
