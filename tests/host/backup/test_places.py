"""What is known of a repository is forgotten once its setting names another place, without Docker."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from host.backup import look, places, second, state
from host.backup.pgbackrest import Info, Repository
from host.backup.postgres import Archiver
from host.backup.wal import Wal
from tests.host.backup.test_copying import CHOSEN, FIRST

NOW = 1_800_000_000.0
ARCHIVER = Archiver(1, Wal(2**24), 1, 0, "000000010000000000000009", "", "")
KNOWN = [{"timeline": 1, "first": 1, "last": 9}]


@pytest.fixture(autouse=True)
def _folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "STATE", tmp_path)
    monkeypatch.setattr(places, "CONFIG", tmp_path)
    monkeypatch.setattr(Repository, "info", lambda _: Info([], {}, "does not answer", has_stanza=False))
    configure("first", "second")


def configure(*paths: str) -> None:
    for name, path in zip(("pgbackrest.conf", "second.conf"), paths, strict=True):
        text = f"[global]\nrepo1-type=posix\nrepo1-path=/{path}\nrepo1-cipher-pass=hidden\n"
        (places.CONFIG / name).write_text(text)


def see(before: dict[str, Any]) -> dict[str, Any]:
    return look._see(FIRST, None, before, NOW, fresh=True)


def test_the_runs_and_ranges_are_those_of_the_place_and_not_of_the_setting() -> None:
    known = {**see({}), "runs": KNOWN, "ranges": [{"from": "a", "to": "b"}]}
    assert see(known)["runs"] == KNOWN
    configure("second", "first")
    assert (see(known)["runs"], see(known)["ranges"]) == ([], [])
    configure("first", "second")
    assert see(known)["runs"] == KNOWN


def test_what_was_copied_to_another_place_is_not_in_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def missing(*_: object) -> Iterator[str]:
        asked.append(state.memory().get("copied"))
        return iter(())

    monkeypatch.setattr(second, "_missing", missing)
    second.copy(CHOSEN, ARCHIVER)
    state.remember(copied="000000010000000000000009")
    second.copy(CHOSEN, ARCHIVER)
    assert asked == [None], "all is copied"
    configure("second", "first")
    second.copy(CHOSEN, ARCHIVER)
    assert asked == [None, None]


def test_no_place_is_secret() -> None:
    assert FIRST.place == "repo1-type=posix\nrepo1-path=/first"
