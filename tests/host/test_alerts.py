"""Who is told, and what stays secret."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import pytest

from host import alerts
from host.alerts import Alerts
from host.times import iso
from tests.throwaway.listener import SECRET, Listener, listening

NOW = 1_800_000_000.0
FULL, SLOW = "backup/repository: is full", "legal: 30 of 60 requests have failed"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as listener:
        yield listener


class Watch:
    """Looks one after the other, with what is remembered between them."""

    def __init__(self, webhook_url: str | None = None, heartbeat_url: str | None = None) -> None:
        self.alerts = Alerts("trial", webhook_url, heartbeat_url)
        self.memory: dict[str, Any] = {}

    def look(self, *problems: str, times: int = 2, now: float = NOW) -> list[str]:
        """Sees the same several times. Returns the errors of the last look. A problem's first word is its key."""
        found = {text.partition(":")[0]: text for text in problems}
        return [alerts.tell(self.alerts, found, self.memory, now) for _ in range(times)][-1]


def test_a_problem_is_told_once_when_it_begins_and_once_when_it_is_over(listener: Listener) -> None:
    watch = Watch(listener.url)
    watch.look()
    assert listener.told == []
    watch.look(FULL, times=5)
    watch.look(times=5)
    common = {"stack": "trial", "time": iso(NOW)}
    assert listener.told == [
        {**common, "state": "bad", "problems": [FULL], "new": [FULL], "over": []},
        {**common, "state": "good", "problems": [], "new": [], "over": [FULL]},
    ]


def test_a_second_problem_is_told_while_the_first_one_lasts(listener: Listener) -> None:
    watch = Watch(listener.url)
    watch.look(FULL)
    watch.look(FULL, SLOW)
    watch.look(SLOW)
    assert [(each["state"], each["new"], each["over"]) for each in listener.told] == [
        ("bad", [FULL], []),
        ("bad", [SLOW], []),
        ("bad", [], [FULL]),
    ]
    assert listener.told[1]["problems"] == [FULL, SLOW]


def test_another_text_of_the_same_problem_is_not_told_again(listener: Listener) -> None:
    watch = Watch(listener.url)
    watch.look("legal: 30 of 60 requests have failed")
    watch.look("legal: 31 of 62 requests have failed")
    watch.look()
    assert len(listener.told) == 2
    assert listener.told[1]["over"] == ["legal: 30 of 60 requests have failed"]


def test_one_bad_look_alone_alarms_nobody_and_one_good_look_ends_nothing(listener: Listener) -> None:
    watch = Watch(listener.url)
    watch.look("postgres: restarts", times=1)
    watch.look()
    assert listener.told == []
    watch.look("postgres: restarts")
    watch.look(times=1)
    watch.look("postgres: restarts")
    assert len(listener.told) == 1


def test_an_alert_that_was_refused_is_sent_again_with_all_that_is_new(listener: Listener) -> None:
    watch, listener.status = Watch(listener.url), 503
    assert watch.look(FULL) == ["alerts/webhook_url: the server answers 503"]
    assert watch.look(FULL, SLOW) == ["alerts/webhook_url: the server answers 503"]
    listener.status = 200
    assert watch.look(FULL, SLOW, times=5) == []
    assert [each["new"] for each in listener.told] == [[FULL], [FULL], [FULL, SLOW], [FULL, SLOW]]


def test_what_does_not_answer_is_told_later_and_is_over_as_soon_as_anything_else(listener: Listener) -> None:
    watch = Watch(listener.url)
    silent = {"postgres": "postgres: cannot be read"}
    for _ in range(alerts.PATIENT_LOOKS - 1):
        alerts.tell(watch.alerts, silent, watch.memory, NOW, silent={"postgres"})
    assert listener.told == []
    alerts.tell(watch.alerts, silent, watch.memory, NOW, silent={"postgres"})
    watch.look()
    assert [each["state"] for each in listener.told] == ["bad", "good"]


def test_a_look_to_which_something_did_not_answer_begins_no_count_anew(listener: Listener) -> None:
    watch = Watch(listener.url)
    watch.look(FULL, times=1)
    alerts.tell(watch.alerts, {"nginx": "nginx: cannot be read"}, watch.memory, NOW, silent={"nginx"})
    watch.look(FULL, times=1)
    assert [each["new"] for each in listener.told] == [[FULL]]


def test_the_heartbeat_comes_every_five_minutes_while_all_is_good(listener: Listener) -> None:
    watch = Watch(heartbeat_url=listener.url)
    for minute in range(11):
        watch.look(now=NOW + 60 * minute)
    assert listener.beats == 3
    watch.look("bad", now=NOW + 660)
    watch.look("bad", now=NOW + 3600)
    assert listener.beats == 3


def test_a_clock_that_was_ahead_does_not_stop_the_heartbeat(listener: Listener) -> None:
    watch = Watch(heartbeat_url=listener.url)
    watch.look(now=NOW + 86400)
    watch.look(now=NOW)
    assert listener.beats == 2


def test_no_error_contains_the_address(listener: Listener) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}/{SECRET}"  # nobody else gets the port meanwhile
        for url in (gone, f"http://nowhere.invalid/{SECRET}", f"http://[{SECRET}"):
            errors = Watch(url).look("bad") + Watch(heartbeat_url=url).look()
            assert len(errors) == 2
            assert SECRET not in "".join(errors)


def test_a_server_that_does_not_answer_is_left_after_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        [error] = Watch(f"http://127.0.0.1:{silent.getsockname()[1]}/").look("bad")
    assert error.startswith("alerts/webhook_url: no answer after")


def test_an_alert_that_is_redirected_is_not_sent(listener: Listener) -> None:
    with listening() as other:
        listener.status, listener.headers = 301, {"Location": other.url}
        assert Watch(listener.url).look(FULL) == ["alerts/webhook_url: the server answers 301"]
        assert Watch(heartbeat_url=listener.url).look() == ["alerts/heartbeat_url: the server answers 301"]
        assert (other.told, other.beats) == ([], 0)


def test_a_server_that_answers_byte_by_byte_is_left_after_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alerts, "TIMEOUT_S", 0.5)
    left = Event()

    def drip(server: socket.socket) -> None:
        connection, _ = server.accept()
        with suppress(OSError):
            while not left.wait(0.1):
                connection.sendall(b"H")

    with socket.create_server(("127.0.0.1", 0)) as server:
        Thread(target=drip, args=(server,), daemon=True).start()
        [error] = Watch(f"http://127.0.0.1:{server.getsockname()[1]}/").look("bad", times=2)
        left.set()
    assert error.startswith("alerts/webhook_url: no answer after")
