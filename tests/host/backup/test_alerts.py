"""Who is told, and what stays secret."""

import json
import socket
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from host.backup import alerts, health, places, state, turn
from host.backup.postgres import Live
from host.backup.settings import Settings
from host.failure import Failure

NOW = 1_800_000_000.0


@dataclass
class Listener:
    """A server that records what it is told, and answers with a status."""

    status: int = 200
    told: list[dict[str, Any]] = field(default_factory=list)
    beats: int = 0
    url: str = ""


@pytest.fixture
def listener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    monkeypatch.setattr(places, "STATE", tmp_path)
    listener = Listener()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            listener.told.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.answer()

        def do_GET(self) -> None:
            listener.beats += 1
            self.answer()

        def answer(self) -> None:
            self.send_response(listener.status)
            self.end_headers()

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.url = f"http://127.0.0.1:{server.server_port}/hidden-word"
    Thread(target=server.serve_forever, daemon=True).start()
    yield listener
    server.shutdown()
    server.server_close()


def settings(webhook_url: str | None = None, heartbeat_url: str | None = None) -> Settings:
    return Settings("trial", {}, "Sun 02:15", 6, "04:30", "postgres", "backup", webhook_url, heartbeat_url)


def look(chosen: Settings, *problems: str, times: int = 2, now: float = NOW) -> list[str]:
    """Tells the same several times, as the looks of a turn do. Returns the errors of the last one."""
    return [alerts.tell(chosen, problems, now) for _ in range(times)][-1]


def test_a_change_to_bad_and_back_is_told_once_each(listener: Listener) -> None:
    chosen = settings(listener.url)
    look(chosen)
    assert listener.told == []
    look(chosen, "backup/repository: is full", times=5)
    look(chosen, times=5)
    assert [(each["stack"], each["state"], each["problems"]) for each in listener.told] == [
        ("trial", "bad", ["backup/repository: is full"]),
        ("trial", "good", []),
    ]
    assert listener.told[0]["time"] == state.iso(NOW)


def test_one_bad_look_alone_alarms_nobody(listener: Listener) -> None:
    chosen = settings(listener.url)
    look(chosen, "postgres: restarts", times=1)
    look(chosen)
    assert listener.told == []


def test_an_alert_that_was_refused_is_sent_again(listener: Listener) -> None:
    chosen, listener.status = settings(listener.url), 503
    assert look(chosen, "bad") == ["alerts/webhook_url: the server answers 503"]
    listener.status = 200
    assert look(chosen, "bad", times=1) == []
    assert look(chosen, "bad", times=3) == []
    assert len(listener.told) == 2


def test_the_heartbeat_comes_every_five_minutes_while_all_is_good(listener: Listener) -> None:
    chosen = settings(heartbeat_url=listener.url)
    for minute in range(11):
        look(chosen, now=NOW + 60 * minute)
    assert listener.beats == 3
    look(chosen, "bad", now=NOW + 3600)
    assert listener.beats == 3


def test_a_clock_that_was_ahead_does_not_stop_the_heartbeat(listener: Listener) -> None:
    chosen = settings(heartbeat_url=listener.url)
    look(chosen, now=NOW + 86400)
    look(chosen, now=NOW)
    assert listener.beats == 2


def test_a_full_disk_stops_no_alert_and_none_is_sent_twice(
    listener: Listener, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def silent(_: object) -> None:
        raise Failure("postgres: cannot write")

    monkeypatch.setattr(Live, "archiver", silent)
    monkeypatch.setattr(places, "DATA", tmp_path)
    monkeypatch.setattr(places, "STATE", tmp_path / "full")
    monkeypatch.setattr(places, "SPARE", tmp_path / "memory")
    for _ in range(4):
        turn.observe(settings(listener.url))
    assert [each["state"] for each in listener.told] == ["bad"]
    assert "postgres: cannot write" in health.written()["problems"], "the health check reads it there"
    (tmp_path / "full").mkdir()
    turn.observe(settings(listener.url))
    assert not [*(tmp_path / "memory").iterdir()], "the disk is used again"
    monkeypatch.setattr(places, "STATE", tmp_path / "gone")
    (tmp_path / "memory").rmdir()
    (tmp_path / "memory").touch()
    with pytest.raises(Failure, match="backup: its state cannot be written"):
        state.write("status.json", {})


def test_no_error_contains_the_address(listener: Listener) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"http://127.0.0.1:{free.getsockname()[1]}/hidden-word"
    for url in (gone, "http://nowhere.invalid/hidden-word", "http://[hidden-word"):
        errors = look(settings(url, url), "bad") + look(settings(url, url), now=NOW + 3600)
        assert len(errors) >= 2
        assert "hidden-word" not in "".join(errors)


def test_a_server_that_does_not_answer_is_left_after_seconds(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(alerts, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        [error] = look(settings(f"http://127.0.0.1:{silent.getsockname()[1]}/"), "bad")
    assert error.startswith("alerts/webhook_url: no answer after")
