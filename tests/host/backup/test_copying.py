"""How WAL is copied to the second repository, without Docker."""

from pathlib import Path

import pytest

from host.backup import places, second, state
from host.backup.pgbackrest import Repository
from host.backup.settings import Settings
from host.failure import Failure

CHOSEN = Settings(
    stack="trial",
    repositories={"repository": "local", "second": "local"},
    full="Sun 02:15",
    differential_hours=6,
    verify="04:30",
    host="postgres",
    user="sertantai_backup",
)
FIRST, SECOND = (Repository(name, CHOSEN) for name in CHOSEN.repositories)
NAME = "000000010000000000000007"


@pytest.fixture
def called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The commands of pgBackRest. The first repository has eight bytes of each file."""
    called: list[str] = []

    def run(repository: Repository, *words: str) -> str:
        called.append(next(word for word in words if word.startswith("archive-")))
        if words[-1].startswith("/") and called[-1] == "archive-get":
            Path(words[-1]).write_bytes(b"8 bytes.")
        return ""

    monkeypatch.setattr(places, "STATE", tmp_path)
    monkeypatch.setattr(Repository, "run", run)
    return called


def test_a_whole_file_is_copied_and_nothing_is_left(called: list[str], tmp_path: Path) -> None:
    second._copy_file(FIRST, SECOND, NAME, 8)
    assert called == ["archive-get", "archive-push"]
    assert state.memory()["copied"] == NAME
    assert not [*(tmp_path / "copy").iterdir()]


def test_a_part_of_a_file_never_reaches_the_second_repository(called: list[str]) -> None:
    with pytest.raises(Failure, match=r"backup/second: 0+1.* backup/repository has only a part of it"):
        second._copy_file(FIRST, SECOND, NAME, 16)
    assert called == ["archive-get"]
    assert "copied" not in state.memory()


def test_two_processes_never_copy_at_the_same_time(called: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second, "CHECK_S", 0)
    with state.lock("copying"), pytest.raises(Failure, match="another copy still runs"):
        second._copy_file(FIRST, SECOND, NAME, 8)
    assert called == []
