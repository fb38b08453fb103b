"""Whether a dump fits a database, by PostgreSQL's answers."""

import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from host import docker, fit, verbs
from host.docker import Output
from host.failure import Failure
from host.fit import Fit
from host.psql import SqlError
from tests.doubles.asked import Answer, postgres

AT = "services/legal/restore"


def verb(capsys: pytest.CaptureFixture[str], *words: str, **inputs: object) -> Any:
    capsys.readouterr()
    assert verbs.run([*words, "--postgres", "postgres"], io.StringIO(json.dumps(inputs))) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("login", "known", "said"),
    [
        ("legal_1a2b3c4d\n", '[{"digest": "1a2b"}]', [{"digest": "1a2b"}]),
        ("\n", SqlError("nobody asks"), []),
        (SqlError("no answer"), "", []),
        (docker.NotFound("No such container"), "", []),
        ("legal_1a2b3c4d\n", SqlError("ERROR: another table of that name"), []),
    ],
)
def test_the_restored_dumps_are_read_with_the_apps_login(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], login: Answer, known: Answer, said: object
) -> None:
    asked = postgres(monkeypatch, restore_login_find=login, restored=known)
    assert verb(capsys, "restored", "legal", owner="legal_owner") == said
    assert asked.variables["restore_login_find"] == {"database": "legal", "owner": "legal_owner"}
    assert asked.users.get("restored", "legal_1a2b3c4d") == "legal_1a2b3c4d"
    assert all(database == "legal" for name, database in asked.log if name == "restored")


DUMP: dict[str, Any] = {
    "database": "dev",
    "major": 17,
    "versions": ["1"],
    "tables": [{"schema": "public", "name": "laws", "columns": ["id"], "rows": 2}],
}
LAWS: dict[str, Any] = {
    "schema": "public",
    "name": "laws",
    "filled": False,
    "columns": {"id": "optional"},
    "triggers": [],
}
FACTS: dict[str, Any] = {
    "referring": [],
    "of_extensions": [],
    "of_others": [],
    "forced": [],
    "major": 17,
    "size_mb": 1,
    "role": "legal_owner",
    "migrations": ["1"],
    "tables": [LAWS],
}


@pytest.fixture
def room(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """The free space, in MB."""
    free = {"postgres": 1000, "home": 1000}

    class Usage:
        def __init__(self, _: object) -> None:
            self.free = free["home"] << 20

    monkeypatch.setattr(fit, "_free_mb", lambda _: free["postgres"])
    monkeypatch.setattr("shutil.disk_usage", Usage)
    return free


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize(
    ("login", "facts", "problems"),
    [
        ("legal_1a2b3c4d\n", json.dumps(FACTS), []),
        (
            "legal_1a2b3c4d\n",
            json.dumps(FACTS | {"major": 16}),
            [f"{AT}/dump: was made by pg_dump 17, and PostgreSQL is 16 here: "],
        ),
        ("\n", SqlError("nobody asks"), []),
        (SqlError("no answer"), "", []),
        (Failure("Docker does not answer"), "", []),
        ("legal_1a2b3c4d\n", SqlError("FATAL:  too many connections"), []),
        ("legal_1a2b3c4d\n", SqlError("ERROR:  permission denied"), [f"{AT}: ERROR:  permission denied"]),
    ],
)
def test_a_preview_shows_the_obstacles_and_nothing_if_it_cannot_know(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    login: Answer,
    facts: Answer,
    problems: list[str],
) -> None:
    asked = postgres(monkeypatch, restore_login_find=login, restore_check=facts)
    inputs = {"owner": "legal_owner", "dump": DUMP, "size_mb": 0, "file_mb": 0}
    found = verb(capsys, "restore-check", "legal", "legal", **inputs)
    assert [line[: len(begin)] for line, begin in zip(found["problems"], problems, strict=True)] == problems
    assert found["notes"] == []
    assert asked.users.get("restore_check", "legal_1a2b3c4d") == "legal_1a2b3c4d"


def test_without_a_dump_postgresql_is_not_queried(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = postgres(monkeypatch)
    assert verb(capsys, "restore-check", "legal", "legal") == {"problems": [], "notes": [], "compared": False}
    assert asked.log == []


def checked(**more: Any) -> Fit:
    words: dict[str, Any] = {"size_mb": 100, "file_mb": 50, "replace": False, "disable_triggers": False, "dump": DUMP}
    return Fit(service="legal", database="legal", postgres="postgres", **(words | more))


def test_a_dump_that_fits_has_no_obstacle(room: dict[str, int]) -> None:
    assert checked().problems(FACTS) == []
    assert checked(preview=True).notes(FACTS) == []


def test_free_space_is_checked_before_anything_stops(room: dict[str, int]) -> None:
    room |= {"postgres": 811, "home": 562}
    disk, home = checked().problems(FACTS)
    assert disk.startswith(f"{AT}: 811 MB are free on PostgreSQL's disk and the dump needs 812, with indexes and log: ")
    assert home.startswith(
        f"{AT}: 562 MB are free in {Path.home()} on the host and the dump needs 563, with a dump of "
    )


@pytest.mark.usefixtures("room")
def test_only_a_preview_accepts_a_migration_that_the_release_will_run() -> None:
    dump = DUMP | {"versions": ["1", "2"], "tables": [LAWS | {"columns": ["id", "new"], "rows": 1}]}
    before = checked(dump=dump, preview=True)
    assert before.problems(FACTS) == []
    [note] = before.notes(FACTS)
    assert note.startswith(f"{AT}: waits for migrations that have not run here yet: 2; the columns are compared")
    after = checked(dump=dump).problems(FACTS)
    assert after[0].startswith(
        f"{AT}/dump: its database has run migrations that have not run here: 2: release the image"
    )
    assert after[1] == f"{AT}/dump: does not fit legal:"
    assert re.split(r" +\| +", after[4].strip())[:3] == ["laws", "new", "only in the dump"]


@pytest.mark.usefixtures("room")
@pytest.mark.parametrize(
    ("dump", "facts", "begins"),
    [
        ({"versions": None}, {}, f"{AT}/dump: does not contain schema_migrations"),
        ({"versions": []}, {}, f"{AT}/dump: lacks migrations that have run here: 1: run them on the database dev too"),
        ({"major": 18}, {}, f"{AT}/dump: was made by pg_dump 18, and PostgreSQL is 17 here"),
        ({}, {"tables": [LAWS | {"filled": True}]}, f"{AT}/dump: laws is not empty here: `replace: true`"),
        (
            {},
            {"of_extensions": [["public", "laws"]]},
            f"{AT}/dump: contains rows of laws, which belongs to an extension",
        ),
        ({}, {"of_others": [["own", "t", "me"]]}, f"{AT}: own.t belongs to me, and a restore runs as legal_owner"),
        ({}, {"forced": [["public", "laws"]]}, f"{AT}: laws forces row security on its owner, as"),
        (
            {},
            {"tables": [LAWS | {"triggers": ["a", "b"]}]},
            f"{AT}/disable_triggers: must be true, since laws has trig",
        ),
    ],
)
def test_each_reason_has_its_own_line(dump: dict[str, Any], facts: dict[str, Any], begins: str) -> None:
    [said] = checked(dump=DUMP | dump).problems(FACTS | facts)
    assert said.startswith(begins)


@pytest.mark.usefixtures("room")
def test_settings_remove_reasons() -> None:
    facts = FACTS | {"tables": [LAWS | {"filled": True, "triggers": ["a"]}], "referring": [["public", "notes"]]}
    with_both = checked(replace=True, disable_triggers=True, preview=True)
    assert with_both.problems(facts) == [
        f"{AT}/replace: would empty notes, which is not in the dump and refers to a table that is: dump it too"
    ]
    assert with_both.notes(facts) == [f"{AT}: replace deletes the rows of laws; they are dumped first"]


def test_the_free_space_is_that_of_postgresqls_data_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    table = "Filesystem 1048576-blocks Used Available Capacity Mounted on\n/dev/sda 100 58 42 58% /data\n"
    monkeypatch.setattr(docker, "execute", lambda *_: Output(0, table, ""))
    assert fit._free_mb("postgres") == 42
    monkeypatch.setattr(docker, "execute", lambda *_: Output(1, "", "No such container"))
    with pytest.raises(SqlError, match=r"^the free space on PostgreSQL.s disk cannot be read: No such container$"):
        fit._free_mb("postgres")
