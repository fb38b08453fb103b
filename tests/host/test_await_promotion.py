"""The wait for a recovery, which may take hours."""

import pytest

from host import docker, recovery_restore
from host.psql import Postgres


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> list[bool | None]:
    """Whether the container runs, at each look. None: Docker does not answer."""
    looks: list[bool | None] = []

    def is_running(_: str) -> bool:
        look = looks.pop(0)
        if look is None:
            raise docker.NoAnswer(docker.NO_ANSWER)
        return look

    monkeypatch.setattr(docker, "is_running", is_running)
    monkeypatch.setattr(recovery_restore, "POLL_S", 0)
    monkeypatch.setattr(Postgres, "query", lambda *_, **__: "t" if looks else "f")
    return looks


def test_a_docker_that_does_not_answer_for_a_moment_does_not_end_it(answers: list[bool | None]) -> None:
    answers += [True, None, None, True]
    assert recovery_restore.await_promotion("build")
    assert answers == []


def test_a_docker_that_stays_silent_ends_it(answers: list[bool | None], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery_restore, "SILENT_S", 0)
    answers += [True, None, True]
    with pytest.raises(docker.NoAnswer):
        recovery_restore.await_promotion("build")


def test_a_container_that_has_ended_is_not_promoted(answers: list[bool | None]) -> None:
    answers += [True, False, True]
    assert not recovery_restore.await_promotion("build")
