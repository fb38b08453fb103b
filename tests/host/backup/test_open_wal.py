"""The WAL file that PostgreSQL writes is ended if commits wait in it, and only then."""

import time
from pathlib import Path
from typing import cast

import pytest

from host.backup import open_wal, places
from host.backup.postgres import Live


class Server:
    """A PostgreSQL whose clock was set back by an hour, so its `archive_timeout` does not end a file."""

    def __init__(self) -> None:
        self.commits, self.file, self.ended = 0, 1, 0
        self.clock, self.newest = 10_000.0, 13_600.0

    def query(self, sql: str) -> str:
        if sql == open_wal.READ:
            return f"{self.commits}:{self.commits}:|{self.file:024X}|{self.clock}|{self.newest}"
        self.ended += 1
        self.file += 1
        return "0"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Server:
    """Its open file is known, and without a commit that waits."""
    monkeypatch.setattr(places, "STATE", tmp_path)
    monkeypatch.setattr(places, "SPARE", tmp_path / "spare")
    server = Server()
    look(server, monkeypatch, 1)
    server.file += 1
    look(server, monkeypatch, 2)
    return server


def look(server: Server, monkeypatch: pytest.MonkeyPatch, at: float) -> None:
    monkeypatch.setattr(time, "monotonic", lambda: at)
    open_wal.end_if_late(cast(Live, server))


def test_a_commit_waits_for_less_than_two_turns_and_a_half(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.commits += 1
    ended = []
    for at in (16, 31, 46, 61):
        look(server, monkeypatch, at)
        ended.append(server.ended)
    assert ended == [0, 0, 1, 1]


def test_an_idle_server_ends_no_file(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(16, 600, 15):
        look(server, monkeypatch, at)
    assert server.ended == 0


def test_a_file_that_postgresql_ends_itself_is_left_to_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    for at in range(16, 600, 15):
        server.commits += 1
        server.file += 1
        look(server, monkeypatch, at)
    assert server.ended == 0


def test_a_commit_after_the_last_look_at_an_older_file_waits_too(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.file += 1
    server.commits += 1
    for at in (16, 31, 46, 61, 76):
        look(server, monkeypatch, at)
    assert server.ended == 1


def test_the_time_since_the_servers_start_begins_anew_with_it(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.commits += 1
    look(server, monkeypatch, 5000)
    look(server, monkeypatch, 10)
    assert server.ended == 1


def test_while_the_clock_is_right_files_are_left_to_postgresql(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.clock = server.newest
    server.commits += 1
    for at in (16, 31, 46, 61):
        look(server, monkeypatch, at)
    assert server.ended == 0


def test_the_time_that_was_reached_is_remembered_after_the_next_file_is_archived(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.newest = server.clock  # the archived file's
    server.commits += 1
    for at in (16, 31, 46, 61):
        look(server, monkeypatch, at)
    assert server.ended == 1
