"""When the registry's token expires, as a real server tells."""

from collections.abc import Iterator
from typing import Any

import pytest

from host import registry_token, rules
from tests.throwaway.listener import Listener, listening

from .test_rules import good

NOW = 1_800_000_000.0  # 2027-01-15 08:00 UTC
DAY = 86_400


@pytest.fixture
def registry() -> Iterator[Listener]:
    with listening() as server:
        yield server


def look(registry: Listener, memory: dict[str, Any], now: float = NOW, token: str = "a token") -> dict[str, Any]:
    login = {"server": f"localhost:{registry.port}", "username": "ann", "token": token}
    return registry_token.look(login, memory, now)


@pytest.mark.parametrize("text", ["2027-01-20 08:00:00 UTC", "2027-01-20 10:00:00 +0200"])
def test_the_server_tells_when_the_token_expires(registry: Listener, text: str) -> None:
    registry.headers["GitHub-Authentication-Token-Expiration"] = text
    assert look(registry, {})["expires"] == NOW + 5 * DAY


@pytest.mark.parametrize("headers", [{}, {"GitHub-Authentication-Token-Expiration": "some day"}])
def test_a_token_without_an_end_is_no_problem(registry: Listener, headers: dict[str, str]) -> None:
    registry.headers = headers
    assert look(registry, {}) == {"server": f"localhost:{registry.port}", "expires": None, "refused": False}


def test_the_server_is_asked_once_a_day_and_at_once_for_a_new_token(registry: Listener) -> None:
    memory: dict[str, Any] = {}
    for now, token, asked in (
        (NOW, "one", 1),
        (NOW + DAY - 1, "one", 1),
        (NOW + DAY, "one", 2),
        (NOW + DAY + 1, "two", 3),
        (NOW - DAY, "two", 4),
    ):
        look(registry, memory, now, token)
        assert registry.beats == asked
    assert "two" not in str(memory)


def test_a_refused_token_is_a_problem_and_a_server_with_tokens_of_its_own_refuses_nothing(registry: Listener) -> None:
    registry.status, registry.headers = 401, {"WWW-Authenticate": 'Basic realm="registry"'}
    assert look(registry, {})["refused"]
    registry.headers = {"WWW-Authenticate": 'Bearer realm="https://auth.example/token"'}
    assert not look(registry, {})["refused"]
    registry.status = 503
    assert not look(registry, {})["refused"]


def test_a_server_that_does_not_answer_is_asked_again_after_an_hour(registry: Listener) -> None:
    memory: dict[str, Any] = {}
    login = {"server": "localhost:1", "username": "ann", "token": "a token"}
    assert registry_token.look(login, memory, NOW)["refused"] is False
    assert memory["token"]["next"] == NOW + registry_token.AGAIN_S


@pytest.mark.parametrize(("days", "told"), [(13.9, True), (14.1, False), (-1.0, True)])
def test_a_token_with_less_than_14_days_is_a_problem(days: float, told: bool) -> None:
    seen = good()
    token = {"server": "ghcr.io", "refused": False, "expires": rules._seconds(seen["time"]) + days * DAY}
    assert [each.key for each in rules.problems({**seen, "watch": {"token": token}})] == ["registry_token"] * told
