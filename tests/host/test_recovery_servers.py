"""The wait for a recovery, which may take hours, and the end of its server."""

from collections.abc import Callable

import pytest

from host import docker, recover_back, recovery_restore
from host.failure import Failure
from host.psql import Postgres
from host.recovery import Names, Running, Source
from host.recovery_plan import Plan


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


SOURCE = Source(image="postgres", network="backup", mounts={})


def end_of_build() -> None:
    plan = Plan(repository="repository", backup="A", timeline=1, target=None)
    recovery_restore.Restore(stack="prod", source=SOURCE, volume="data", plan=plan).stop()


def end_of_way_back() -> None:
    running = Running(stack="prod", source=SOURCE, volume="data", command=["postgres"], owner={}, shm=0)
    recover_back._begin_timeline(Names("prod"), running, "data")


@pytest.mark.parametrize("end", [end_of_build, end_of_way_back])
def test_a_server_that_cannot_be_removed_gets_no_second_one_on_its_volume(
    monkeypatch: pytest.MonkeyPatch, end: Callable[[], None]
) -> None:
    monkeypatch.setattr(docker, "check_output", lambda *_: "")
    monkeypatch.setattr(docker, "stop", lambda *_: None)
    monkeypatch.setattr(docker, "remove", lambda _: False)
    monkeypatch.setattr(recovery_restore, "await_promotion", lambda _: True)
    with pytest.raises(Failure, match=r"container \S+recovered-build cannot be removed; run the same command again"):
        end()
