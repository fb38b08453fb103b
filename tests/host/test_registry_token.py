"""When the registry's token expires, as a real server tells."""

from collections.abc import Iterator
from typing import Any

import pytest

from host import registry_token, requests, rules, times
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


@pytest.mark.parametrize("status", [302, 403, 429, 503])
def test_a_server_that_gives_no_answer_changes_nothing_and_is_asked_again_after_an_hour(
    registry: Listener, status: int
) -> None:
    for begin, known in (
        ((200, {registry_token.EXPIRATION: "2027-01-20 08:00:00 UTC"}), {"expires": NOW + 5 * DAY, "refused": False}),
        ((401, {}), {"expires": None, "refused": True}),
    ):
        memory: dict[str, Any] = {}
        registry.status, registry.headers = begin
        assert known.items() <= look(registry, memory).items()
        registry.status, registry.headers = status, {}
        before = registry.beats
        for at, asked in ((NOW + DAY, 1), (NOW + DAY + 3599, 1), (NOW + DAY + 3600, 2)):
            assert known.items() <= look(registry, memory, at).items()
            assert registry.beats - before == asked
        registry.status = 200
        assert look(registry, memory, NOW + DAY + 7200)["refused"] is False


def test_a_server_that_is_gone_changes_nothing(registry: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    memory: dict[str, Any] = {}
    registry.status = 401
    assert look(registry, memory)["refused"]

    def lose(*_: object, **__: object) -> None:
        raise requests.NoAnswer("no answer after 5 s (TimeoutError)")

    monkeypatch.setattr(requests, "send", lose)
    assert look(registry, memory, NOW + DAY)["refused"]
    assert not look(registry, memory, NOW + DAY, token="another")["refused"]


def test_the_password_follows_no_redirect(registry: Listener) -> None:
    with listening() as other:
        registry.status, registry.headers = 302, {"Location": other.url}
        look(registry, {})
        assert (registry.beats, other.beats) == (1, 0)


@pytest.mark.parametrize(("days", "told"), [(13.9, True), (14.1, False), (-1.0, True)])
def test_a_token_with_less_than_14_days_is_a_problem(days: float, told: bool) -> None:
    seen = good()
    token = {"server": "ghcr.io", "refused": False, "expires": times.seconds(seen["time"]) + days * DAY}
    assert [each.key for each in rules.problems({**seen, "watch": {"token": token}})] == ["registry_token"] * told
