"""The order of a restore, and the result of a failure at each point. Everything around it is fake."""

import pytest

from host import in_use
from host.failure import Failure
from tests.doubles.restoring import BACK, LOADED, NOTE, Sharer, World, fails, made, restore


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return made(monkeypatch)


def test_a_dump_is_loaded_while_all_users_of_the_database_are_stopped(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    restore(world)
    assert world.log == LOADED
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "legal/restore: the app and Electric stop; the site shows that it is back soon"
    assert said[1].startswith("legal/restore: restore point legal-restore-20")
    assert said[1].endswith("Z; the current rows are in /host/legal-before.dump")
    assert said[2:] == [
        "legal/restore: all rows are loaded, as many as the dump has, after 0 s",
        "legal/restore: the app and Electric serve again, after 0 s",
    ]


def test_without_electric_there_is_no_slot(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    restore(world, electric=False)
    assert world.log == [step for step in LOADED if step != "drop slot" and "electric" not in step]
    assert "legal/restore: the app stops; the site" in (said := capsys.readouterr().out)
    assert "legal/restore: the app serves again" in said


def test_triggers_are_disabled_if_the_setting_says_so(world: World) -> None:
    restore(world, disable_triggers=True)
    assert world.log[0] == "log in replica"


@pytest.mark.parametrize("known", [True, False], ids=["known to the laptop", "put in meanwhile"])
def test_a_restored_dump_is_not_loaded_again_and_stopped_containers_are_started(
    world: World, known: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    world.known = [{"digest": "3c4d", "at": "", "path": ""}, NOTE]
    restore(world, known=known)
    assert world.log == ["log in origin", *BACK, "remove incoming", "log out"]
    assert capsys.readouterr().out == (
        "legal/restore: dumps/legal.dump was restored into legal_prod at 2026-11-23 10:00 UTC; its rows stay\n"
    )


def test_a_service_that_does_not_recover_is_reported_although_the_dump_is_restored(world: World) -> None:
    world.known = [NOTE]
    assert fails(world, "gate app-1") == "legal/restore: not all parts are healthy: fix that, then run up again"
    assert "remove incoming" not in world.log


def test_without_a_container_of_the_app_nothing_changes(world: World) -> None:
    world.app = []
    with pytest.raises(Failure, match="legal/restore: there is no container of the app; run up again"):
        restore(world)
    assert world.log == []


def test_without_an_answer_of_postgresql_nothing_changes(world: World) -> None:
    world.fails = ["log in origin"]
    with pytest.raises(Failure, match="legal/restore: PostgreSQL does not answer; nothing was touched: run up again"):
        restore(world)
    assert world.log == ["log in origin"]


@pytest.mark.parametrize("known", [True, False])
def test_an_incomplete_dump_stops_nothing(world: World, known: bool) -> None:
    assert fails(world, "whole", known=known) == "legal/restore: the dump did not arrive whole; run up again"
    assert world.log == ["log in origin", "log out"]


def test_all_obstacles_are_reported_together_and_nothing_stops(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.problems = ["services/legal/restore/dump: does not fit"]
    monkeypatch.setattr(in_use, "transactions", lambda *_: iter(["a transaction"]))
    monkeypatch.setattr(in_use, "others", lambda *_: iter(["a container"]))
    assert fails(world).splitlines() == [
        "services/legal/restore/dump: does not fit",
        "a transaction",
        "a container",
        "legal/restore: nothing was stopped and nothing was changed",
    ]
    assert world.log == ["log in origin", "log out"]


def test_open_transactions_elsewhere_do_not_matter_without_electric(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_use, "transactions", lambda *_: iter(["a transaction"]))
    restore(world, electric=False)
    assert "put" in world.log


def test_a_query_that_postgresql_refuses_is_reported_in_its_words(world: World) -> None:
    assert fails(world, "facts").splitlines() == [
        "services/legal/restore: ERROR:  permission denied",
        "legal/restore: nothing was stopped and nothing was changed",
    ]


def test_with_backups_the_restore_point_is_archived_before_a_row_changes(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    restore(world, backup="backup")
    assert [step for step in world.log if step not in ("restore point", "archived")] == [
        step for step in LOADED if step != "restore point"
    ]
    archived = [place for place, step in enumerate(world.log) if step == "archived"]
    assert len(archived) == 2
    assert archived[0] < world.log.index("announce"), "before anything stops"
    assert world.log.index("dump") < archived[1] < world.log.index("put")
    assert "`./sertantai recover --to legal-restore-20" in capsys.readouterr().out


def test_while_nothing_is_archived_nothing_stops(world: World) -> None:
    reason = (
        "its restore point does not reach the repository, so nothing was changed: backup/repository: does not answer"
    )
    assert fails(world, "archived", backup="backup") == f"legal/restore: {reason}; run up again"
    assert "announce" not in world.log


@pytest.mark.parametrize("step", ["announce", "stop", "drop slot"])
def test_if_the_service_cannot_be_stopped_it_serves_again(world: World, step: str) -> None:
    assert fails(world, step) == (
        "legal/restore: the app could not be stopped; nothing was changed; what served before serves again"
    )
    assert world.log[-7:] == [step, *BACK, "log out"]


@pytest.mark.parametrize("step", ["restore point", "dump"])
def test_rows_that_cannot_be_dumped_first_are_not_replaced(
    world: World, step: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fails(world, step) == (
        "legal/restore: the current rows cannot be dumped, and nothing was changed; what served before serves again"
    )
    assert world.log[-7:] == [step, *BACK, "log out"]
    assert {"restore point": "no answer", "dump": "permission denied"}[step] in capsys.readouterr().out


def test_a_refused_dump_changes_nothing_and_the_service_serves_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fails(world, "put") == (
        "legal/restore: the dump was not restored, and nothing was changed; what served before serves again"
    )
    assert world.log[-7:] == ["end sessions", *BACK, "log out"]
    assert capsys.readouterr().out.splitlines()[-1] == "ERROR:  division by zero"


def test_a_service_that_does_not_recover_after_a_failure_is_reported(world: World) -> None:
    assert fails(world, "put", "start app-1") == (
        "legal/restore: the dump was not restored, and nothing was changed; "
        "but not all parts are healthy: fix that, then run up again"
    )
    assert world.log[-2:] == ["take back", "log out"], "the site does not say that it is back soon"


@pytest.mark.parametrize(
    ("said", "disable_triggers", "hint"),
    [
        (
            "ERROR:  ... violates foreign key constraint",
            False,
            "services/legal/restore/disable_triggers: true loads rows",
        ),
        ("ERROR:  ... violates foreign key constraint", True, ""),
        (
            "ERROR:  canceling statement due to lock timeout",
            False,
            "legal/restore: another session has a lock on one of its tables",
        ),
    ],
)
def test_some_refusals_have_a_known_remedy(
    world: World, said: str, disable_triggers: bool, hint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    world.said = said
    fails(world, "put", disable_triggers=disable_triggers)
    shown = capsys.readouterr().out.partition(said)[2].strip()
    assert shown.startswith(hint)
    assert bool(shown) == bool(hint)


def test_a_server_that_died_after_the_commit_has_the_dump(world: World) -> None:
    world.fails, world.committed = ["put"], True
    restore(world)
    assert world.log == [*LOADED[:7], "end sessions", *LOADED[7:]]


def test_a_server_that_does_not_answer_leaves_the_result_to_the_next_up(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    error = fails(world, "put", "end sessions")
    assert error.endswith("what served before serves again")
    assert (
        "legal/restore: PostgreSQL does not answer, so it is unknown whether the dump was restored"
        in capsys.readouterr().out
    )


def test_the_previous_rows_are_restored_if_the_service_is_not_healthy_with_the_new_ones(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    error = fails(world, "gate electric-1")
    assert error == "legal/restore: the previous rows were restored; what served before serves again"
    undone = ["announce", "stop", "drop slot", "log in replica", "put back", *BACK, "log out"]
    assert world.log == [*LOADED[:10], *undone]
    said = capsys.readouterr().out
    assert (
        "legal/electric: not healthy\nlegal/restore: not healthy with the new rows: restoring the previous rows" in said
    )


@pytest.mark.parametrize("step", ["put back", "log in replica"])
def test_if_the_previous_rows_cannot_be_restored_the_error_names_their_file(world: World, step: str) -> None:
    assert fails(world, "gate app-1", step) == (
        "legal/restore: the previous rows could not be restored, and the new rows stay: the previous rows are in "
        "/host/legal-before.dump; what served before serves again"
    )


def test_the_new_rows_stay_if_the_service_cannot_be_stopped_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    stops = iter([True, False])
    monkeypatch.setattr(world, "stop", lambda: next(stops))
    assert "the previous rows could not be restored, and the new rows stay" in fails(world, "gate app-1")
    assert "put back" not in world.log


STOPPED = ["announce", "announce compliance", "stop", "stop compliance", "drop slot", "drop slot"]
ALL_BACK = [
    *("start electric-1", "start app-1", "start app-2", "gate electric-1", "gate app-1", "gate app-2"),
    *("take back", "take back compliance"),
]


def test_all_services_on_the_database_stop_and_start_again(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    restore(world, sharers=[Sharer(world).as_user()])
    loaded = ["log in origin", *STOPPED, "restore point", "dump", "put", *ALL_BACK, "remove incoming", "log out"]
    assert world.log == loaded
    said = capsys.readouterr().out.splitlines()
    assert said[1] == "legal/restore: so does everything of compliance, on the same database"


def test_a_sharer_that_does_not_stop_keeps_the_rows_as_they_are(world: World) -> None:
    error = fails(world, "stop compliance", sharers=[Sharer(world).as_user()])
    assert error.startswith("legal/restore: the app could not be stopped; nothing was changed; what served before")
    assert "put" not in world.log
    assert world.log[-9:-1] == ALL_BACK


def test_the_previous_rows_are_restored_if_a_sharer_is_not_healthy_with_the_new_ones(world: World) -> None:
    error = fails(world, "gate app-2", sharers=[Sharer(world).as_user()])
    assert error == "legal/restore: the previous rows were restored; what served before serves again"
    assert world.log[-11:] == ["log in replica", "put back", *ALL_BACK, "log out"]


def test_the_notices_of_all_sites_are_removed_even_if_one_fails(world: World) -> None:
    fails(world, "put", "gate app-1", "take back", sharers=[Sharer(world).as_user()])
    assert world.log[-3:-1] == ["take back", "take back compliance"]


def test_a_service_whose_app_is_stopped_on_purpose_stays_stopped(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    world.app = []
    restore(world, app=False)
    assert "put" in world.log
    assert not [step for step in world.log if "app" in step]
    assert capsys.readouterr().out.startswith("legal/restore: Electric stops; the site shows")
