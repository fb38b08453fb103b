"""The order of a restore, and what is left of it at each point where it may fail. All around it is fake."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from host import docker, in_use, restore_load
from host.dumps import Dumps
from host.failure import Failure
from host.fit import Fit
from host.gate import Gate
from host.mask import Mask
from host.psql import Postgres, SqlError
from host.restore_load import Restore
from host.rows import NotDone, Rows
from host.serving import Serving

DIGEST = "1a2b"
FACTS = {"of_extensions": [["public", "spatial"]]}
NOTE = {"digest": DIGEST, "at": "2026-11-23 10:00", "path": "dumps/legal.dump"}
LOADED = [
    *("log in origin", "announce", "stop", "drop slot", "restore point", "dump", "put"),
    *("start electric-1", "start app-1", "gate electric-1", "gate app-1", "take back", "remove incoming", "log out"),
]
BACK = ["start electric-1", "start app-1", "gate electric-1", "gate app-1", "take back"]


class World:
    """All that a restore works with. `fails` are the steps that do not go well, `log` those that were taken."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.fails: list[str] = []
        self.known: list[dict[str, str]] = []
        self.problems: list[str] = []
        self.said = "ERROR:  division by zero"
        self.committed = False
        self.app = ["app-1"]
        self.before = Path("/host/legal-before.dump")
        self.service = "legal"

    def take(self, step: str) -> bool:
        """Takes a step; whether it goes well. Each failure is for one time."""
        self.log.append(step)
        if step in self.fails:
            self.fails.remove(step)
            return False
        return True

    # Serving

    def of(self, part: str) -> list[str]:
        return self.app if part == "app" else ["electric-1"]

    def announce(self) -> bool:
        return self.take("announce")

    def stop(self) -> bool:
        return self.take("stop")

    def take_back(self) -> bool:
        return self.take("take back")

    # Rows

    def log_in(self, triggers: str) -> None:
        if not self.take(f"log in {triggers}"):
            raise SqlError("no answer")

    def log_out(self) -> None:
        self.take("log out")

    def restored(self) -> list[dict[str, str]]:
        return self.known

    def dump(self, to: Path) -> None:
        assert to == self.before
        if not self.take("dump"):
            raise NotDone("pg_dump: error: permission denied")

    def put(self, file: Path, tables: object, digest: str, path: str, *, replace: bool, skip: object) -> None:
        assert (file, tables, digest, path) == (Path("/host/incoming-1a2b"), ["laws"], DIGEST, "dumps/legal.dump")
        assert skip == [("public", "spatial")]
        if not self.take("put"):
            self.known = [NOTE] if self.committed else []
            raise NotDone(self.said)

    def put_back(self, dump: Path, digest: str, *, skip: object) -> None:
        assert (dump, digest) == (self.before, DIGEST)
        if not self.take("put back"):
            raise NotDone("ERROR:  disk full")

    def end_sessions(self) -> None:
        if not self.take("end sessions"):
            raise SqlError("no answer")

    # Postgres, of the superuser and of the app

    def ask(self, sql: str, variables: Mapping[str, str] | None = None, **_: object) -> str:
        steps = {"drop_replication_slot": "drop slot", "create_restore_point": "restore point"}
        for words, step in steps.items():
            if words in sql and not self.take(step):
                raise SqlError("no answer")
        return ""

    # Dumps

    def is_whole(self, digest: str) -> bool:
        return "whole" not in self.fails

    def incoming(self, digest: str) -> Path:
        return Path(f"/host/incoming-{digest}")

    def remove_incoming(self) -> None:
        self.take("remove incoming")


class FakeFit:
    """A dump of one table."""

    at = "services/legal/restore"
    replace = False

    def __init__(self, world: World, disable_triggers: bool = False) -> None:
        self.world, self.disable_triggers = world, disable_triggers

    def facts(self, ask: object) -> dict[str, Any]:
        if "facts" in self.world.fails:
            raise SqlError("ERROR:  permission denied")
        return FACTS

    def problems(self, facts: object) -> list[str]:
        return self.world.problems

    def tables(self, facts: object) -> list[str]:
        return ["laws"]


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    made = World()

    def pass_through(gate: Gate) -> None:
        if not made.take(f"gate {gate.container}"):
            raise Failure(f"{gate.what}: not healthy")

    def nobody(*_: object) -> Iterator[str]:
        return iter(())

    monkeypatch.setattr(docker, "start", lambda container: made.take(f"start {container}"))
    monkeypatch.setattr(Gate, "pass_through", pass_through)
    monkeypatch.setattr(in_use, "transactions", nobody)
    monkeypatch.setattr(in_use, "others", nobody)
    monkeypatch.setattr(restore_load, "KNOWN_WAIT_S", 0.1)
    return made


def restore(world: World, *, known: bool = False, electric: bool = True, disable_triggers: bool = False) -> None:
    times = {"check": ["true"], "port": 4000, "successes": 1, "timeout_s": 1}
    Restore(
        what="legal/restore",
        fit=None if known else cast(Fit, FakeFit(world, disable_triggers)),
        digest=DIGEST,
        path="dumps/legal.dump",
        database="legal_prod",
        slot="electric_slot_legal" if electric else "",
        gates={"app": times} | ({"electric": times} if electric else {}),
        mask=Mask([]),
        postgres=cast(Postgres, world),
        rows=cast(Rows, world),
        serving=cast(Serving, world),
        dumps=cast(Dumps, world),
    ).run()


def fails(world: World, *steps: str, **how: bool) -> str:
    """The error of a restore in which these steps do not go well."""
    world.fails += steps
    with pytest.raises(Failure) as error:
        restore(world, **how)
    assert world.log[-1] == "log out", "no login stays behind"
    return str(error.value)


def test_a_dump_goes_in_while_all_that_use_the_database_are_stopped(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    restore(world)
    assert world.log == LOADED
    said = capsys.readouterr().out.splitlines()
    assert said[0] == "legal/restore: the app and Electric stop; the site shows that it is back soon"
    assert said[1].startswith("legal/restore: restore point legal-restore-20")
    assert said[1].endswith("Z; what was there is in /host/legal-before.dump")
    assert said[2:] == [
        "legal/restore: all rows are in, as many as the dump has, after 0 s",
        "legal/restore: the app and Electric serve again, after 0 s",
    ]


def test_without_electric_there_is_no_slot(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    restore(world, electric=False)
    assert world.log == [step for step in LOADED if step != "drop slot" and "electric" not in step]
    assert "legal/restore: the app stops; the site" in (said := capsys.readouterr().out)
    assert "legal/restore: the app serves again" in said


def test_triggers_are_switched_off_where_that_is_asked_for(world: World) -> None:
    restore(world, disable_triggers=True)
    assert world.log[0] == "log in replica"


@pytest.mark.parametrize("known", [True, False], ids=["known to the laptop", "put in meanwhile"])
def test_a_dump_that_is_in_is_not_put_in_again_and_what_was_stopped_is_started(
    world: World, known: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    world.known = [{"digest": "3c4d", "at": "", "path": ""}, NOTE]
    restore(world, known=known)
    assert world.log == ["log in origin", *BACK, "remove incoming", "log out"]
    assert capsys.readouterr().out == (
        "legal/restore: dumps/legal.dump is in legal_prod since 2026-11-23 10:00 UTC; its rows stay as they are\n"
    )


def test_a_service_that_does_not_come_back_is_told_though_the_dump_is_in(world: World) -> None:
    world.known = [NOTE]
    assert fails(world, "gate app-1") == "legal/restore: not all of it came back: mend that, then run up again"
    assert "remove incoming" not in world.log


def test_without_a_container_of_the_app_nothing_is_touched(world: World) -> None:
    world.app = []
    with pytest.raises(Failure, match="legal/restore: there is no container of the app; run up again"):
        restore(world)
    assert world.log == []


def test_without_an_answer_of_postgresql_nothing_is_touched(world: World) -> None:
    world.fails = ["log in origin"]
    with pytest.raises(Failure, match="legal/restore: PostgreSQL does not answer; nothing was touched: run up again"):
        restore(world)
    assert world.log == ["log in origin"]


@pytest.mark.parametrize("known", [True, False])
def test_a_dump_that_is_not_here_whole_stops_nothing(world: World, known: bool) -> None:
    assert fails(world, "whole", known=known) == "legal/restore: the dump did not arrive whole; run up again"
    assert world.log == ["log in origin", "log out"]


def test_what_is_in_the_way_is_told_together_and_stops_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_a_question_that_postgresql_refuses_is_told_with_its_words(world: World) -> None:
    assert fails(world, "facts").splitlines() == [
        "services/legal/restore: ERROR:  permission denied",
        "legal/restore: nothing was stopped and nothing was changed",
    ]


@pytest.mark.parametrize("step", ["announce", "stop", "drop slot"])
def test_what_cannot_be_stopped_in_order_serves_again(world: World, step: str) -> None:
    assert fails(world, step) == (
        "legal/restore: the app could not be stopped in order; nothing was changed; what served before serves again"
    )
    assert world.log[-7:] == [step, *BACK, "log out"]


@pytest.mark.parametrize("step", ["restore point", "dump"])
def test_what_cannot_be_kept_is_not_replaced(world: World, step: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fails(world, step) == (
        "legal/restore: what is there cannot be dumped, and nothing was changed; what served before serves again"
    )
    assert world.log[-7:] == [step, *BACK, "log out"]
    assert {"restore point": "no answer", "dump": "permission denied"}[step] in capsys.readouterr().out


def test_a_dump_that_is_refused_changes_nothing_and_what_served_serves_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fails(world, "put") == (
        "legal/restore: the dump was not put in, and nothing was changed; what served before serves again"
    )
    assert world.log[-7:] == ["end sessions", *BACK, "log out"]
    assert capsys.readouterr().out.splitlines()[-1] == "ERROR:  division by zero"


def test_a_service_that_does_not_come_back_after_a_failure_is_told(world: World) -> None:
    assert fails(world, "put", "start app-1") == (
        "legal/restore: the dump was not put in, and nothing was changed; "
        "but not all of it came back by itself: mend that, then run up again"
    )
    assert world.log[-2:] == ["take back", "log out"], "the site does not say that it is back soon"


@pytest.mark.parametrize(
    ("said", "disable_triggers", "hint"),
    [
        (
            "ERROR:  ... violates foreign key constraint",
            False,
            "services/legal/restore/disable_triggers: true puts rows",
        ),
        ("ERROR:  ... violates foreign key constraint", True, ""),
        (
            "ERROR:  canceling statement due to lock timeout",
            False,
            "legal/restore: somebody else holds one of its tables",
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


def test_a_server_that_stays_away_leaves_it_to_the_next_up(world: World, capsys: pytest.CaptureFixture[str]) -> None:
    error = fails(world, "put", "end sessions")
    assert error.endswith("what served before serves again")
    assert (
        "legal/restore: PostgreSQL does not answer, so nobody knows whether the dump is in" in capsys.readouterr().out
    )


def test_new_rows_with_which_it_is_not_healthy_are_taken_out_again(
    world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    error = fails(world, "gate electric-1")
    assert error == "legal/restore: the new rows were taken out again; what served before serves again"
    undone = ["announce", "stop", "drop slot", "log in replica", "put back", *BACK, "log out"]
    assert world.log == [*LOADED[:10], *undone]
    said = capsys.readouterr().out
    assert (
        "legal/electric: not healthy\nlegal/restore: not healthy with the new rows: those of before are put back"
        in said
    )


@pytest.mark.parametrize("step", ["put back", "log in replica"])
def test_new_rows_that_cannot_be_taken_out_are_told_with_where_the_old_ones_are(world: World, step: str) -> None:
    assert fails(world, "gate app-1", step) == (
        "legal/restore: they could not be put back, and the new ones are in: those of before are in "
        "/host/legal-before.dump; what served before serves again"
    )


def test_new_rows_stay_where_the_service_cannot_be_stopped_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    stops = iter([True, False])
    monkeypatch.setattr(world, "stop", lambda: next(stops))
    assert "they could not be put back, and the new ones are in" in fails(world, "gate app-1")
    assert "put back" not in world.log
