"""What fails a check, and what the status tells, without Docker."""

from pathlib import Path
from types import SimpleNamespace

import pytest

from host.backup import archive, check, places, second, state
from host.backup.pgbackrest import Info, Repository
from host.backup.postgres import Live
from host.backup.settings import FIRST, SECOND
from host.failure import Failure
from tests.host.backup.test_copying import CHOSEN

GOOD = Info([], {"17-1": 1}, "", has_stanza=True)
AWAY = Info([], {}, "does not answer", has_stanza=False)
OTHER = Info([], {"17-1": 2}, "", has_stanza=True)


@pytest.fixture
def infos(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Info]:
    """What each repository says."""
    infos = {FIRST: GOOD, SECOND: GOOD}
    monkeypatch.setattr(places, "STATE", tmp_path)
    monkeypatch.setattr(Live, "archiver", lambda _: SimpleNamespace(system=1))
    monkeypatch.setattr(Repository, "info", lambda self: infos[self.name])
    monkeypatch.setattr(archive, "switch", lambda _: 0)
    monkeypatch.setattr(archive, "wait_until_archived", lambda *_: None)
    monkeypatch.setattr(second, "check", lambda _: None)
    return infos


def test_a_second_repository_that_does_not_answer_fails_no_check_and_is_a_problem(infos: dict[str, Info]) -> None:
    infos[SECOND] = AWAY
    check.check(CHOSEN)
    assert state.memory()["copy_error"] == "backup/second: does not answer"


def test_a_second_repository_of_another_cluster_fails_the_check(infos: dict[str, Info]) -> None:
    infos[SECOND] = OTHER
    with pytest.raises(Failure, match="backup/second: holds the backups of another cluster"):
        check.check(CHOSEN)


def test_a_first_repository_that_does_not_answer_fails_the_check(infos: dict[str, Info]) -> None:
    infos[FIRST] = AWAY
    with pytest.raises(Failure, match="backup/repository: does not answer"):
        check.check(CHOSEN)
