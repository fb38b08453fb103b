"""The obstacles to a dump, found on a real PostgreSQL."""

import argparse
import json
import re
from collections.abc import Iterator

import pytest

from host import in_use
from host.psql import Postgres
from host.restore_check import new_fit
from render import sql
from render.archive import Archive, Table
from tests.doubles.restoring import users
from tests.throwaway.box import docker
from tests.throwaway.calling import call
from tests.throwaway.cluster import as_login, by_hand, make
from tests.waiting import eventually

pytestmark = pytest.mark.docker
AT = "services/legal/restore"
HERE = """
CREATE TABLE schema_migrations (version bigint PRIMARY KEY); INSERT INTO schema_migrations VALUES (1), (2);
CREATE TABLE laws (id int GENERATED ALWAYS AS IDENTITY, name text NOT NULL, year int NOT NULL DEFAULT 0, title text,
  lowered text GENERATED ALWAYS AS (lower(name)) STORED);
CREATE TABLE notes (id int PRIMARY KEY);
"""
LAWS = ["id", "name", "year", "title"]


@pytest.fixture
def database(cluster: str, name: str) -> Iterator[str]:
    login = make(cluster, name)
    assert as_login(cluster, login, "one", name, HERE).ok
    yield name
    by_hand(cluster, f"DROP DATABASE {name} WITH (FORCE)")


def as_app(cluster: str, database: str, text: str) -> None:
    """Runs SQL as an app, which owns everything that it creates."""
    by_hand(cluster, f"SET ROLE {sql.owner(database)}; {text}", database)


def table(name: str = "laws", columns: list[str] = LAWS, rows: int = 1, schema: str = "public") -> Table:
    return Table(schema=schema, name=name, columns=columns, rows=rows)


def archive(*tables: Table, versions: list[str] | None = ("1", "2"), dumper: str = "17.1") -> Archive:  # type: ignore[assignment]
    listed = None if versions is None else [*versions]
    return Archive(database="dev", server="17.1", dumper=dumper, tables=[*tables], versions=listed, size=0)


def inputs(dump: Archive, database: str) -> dict[str, object]:
    return {"dump": dump.description(), "size_mb": 0, "file_mb": 0, "owner": sql.owner(database)}


def asked(
    cluster: str, database: str, dump: Archive, *, preview: bool = True, replace: bool = False, triggers: bool = True
) -> str:
    """Returns the messages: problems, then notes."""
    if not preview:
        return last_look(cluster, database, dump, replace=replace)
    words = [word for word, given in (("--replace", replace), ("--disable-triggers", not triggers)) if given]
    said = call("restore-check", "legal", database, *words, postgres=cluster, inputs=inputs(dump, database))
    assert said.ok, said.error
    found = json.loads(said.out)
    return "".join(f"{line}\n" for line in [*found["problems"], *(f"note: {line}" for line in found["notes"])])


def last_look(cluster: str, database: str, dump: Archive, *, replace: bool = False) -> str:
    """Returns what restore-load finds after the release and before it stops anything."""
    words = argparse.Namespace(
        service="legal", database=database, postgres=cluster, replace=replace, disable_triggers=False
    )
    fit = new_fit(words, inputs(dump, database))
    facts = fit.facts(
        lambda text, names: Postgres(cluster).query(text, names, database=database, user=login(cluster, database))
    )
    return "".join(f"{line}\n" for line in fit.problems(facts))


def login(cluster: str, database: str) -> str:
    return sql.login(database, "one")


def cells(said: str) -> list[list[str]]:
    """Returns the rows of the table of differences, without the advice."""
    return [[cell.strip() for cell in line.split("|")][:3] for line in said.splitlines() if line.count("|") == 3][1:]


def test_a_dump_that_fits_has_no_reason_against_it(cluster: str, database: str) -> None:
    assert asked(cluster, database, archive(table(), table("notes", ["id"], 0))) == ""
    assert asked(cluster, database, archive(table(columns=["name"]))) == "", "what has a default may be missing"


def test_a_missing_database_is_no_reason(cluster: str) -> None:
    assert asked(cluster, "nobodys", archive(table())) == ""


@pytest.mark.parametrize(
    ("dumped", "difference"),
    [
        (table(columns=[*LAWS, "legacy"]), ["laws", "legacy", "only in the dump"]),
        (table(columns=["id", "year"]), ["laws", "name", "only here, NOT NULL without a default"]),
        (table(columns=[*LAWS, "lowered"]), ["laws", "lowered", "is generated here, plain in the dump"]),
        (table("Laws"), ["Laws", "", "the table is only in the dump"]),
        (table(schema="own"), ["own.laws", "", "the table is only in the dump"]),
        (table('it"s; --', ["\\d'"]), ['it"s; --', "", "the table is only in the dump"]),
    ],
    ids=["too many", "too few", "generated", "capitals", "schema", "quotes"],
)
def test_each_difference_is_a_row(cluster: str, database: str, dumped: Table, difference: list[str]) -> None:
    said = asked(cluster, database, archive(dumped))
    assert said.startswith(f"{AT}/dump: does not fit {database}:\n")
    assert cells(said) == [difference]


def test_a_missing_column_is_no_difference_without_rows(cluster: str, database: str) -> None:
    assert asked(cluster, database, archive(table(columns=["id"], rows=0))) == ""


def test_a_renamed_column_is_two_differences(cluster: str, database: str) -> None:
    said = asked(cluster, database, archive(table(columns=["id", "label"])))
    assert {row[1]: row[2] for row in cells(said)} == {
        "label": "only in the dump",
        "name": "only here, NOT NULL without a default",
    }


def test_migrations_that_only_the_dump_has_may_be_in_the_release(cluster: str, database: str) -> None:
    dump = archive(table(columns=[*LAWS, "new"]), versions=["1", "2", "3"])
    said = asked(cluster, database, dump)
    assert said == (
        f"note: {AT}: waits for migrations that have not run here yet: 3; "
        "the columns are compared after the release's migrations\n"
    )
    at_last = asked(cluster, database, dump, preview=False)
    assert f"{AT}/dump: its database has run migrations that have not run here: 3: release the image" in at_last
    assert cells(at_last) == [["laws", "new", "only in the dump"]]


def test_migrations_that_only_this_database_has_are_an_error_at_preview_too(cluster: str, database: str) -> None:
    said = asked(cluster, database, archive(table(), versions=["1"]))
    assert (
        said
        == f"{AT}/dump: lacks migrations that have run here: 2: run them on the database dev too, and dump it again\n"
    )


def test_a_dump_without_its_migrations_is_an_error(cluster: str, database: str) -> None:
    assert "does not contain schema_migrations" in asked(cluster, database, archive(table(), versions=None))
    by_hand(cluster, "DROP TABLE schema_migrations", database)
    assert asked(cluster, database, archive(table(), versions=None)) == ""


def test_a_later_pg_dump_is_an_error(cluster: str, database: str) -> None:
    said = asked(cluster, database, archive(table(), dumper="18.0 (Debian)"))
    assert said.startswith(f"{AT}/dump: was made by pg_dump 18, and PostgreSQL is 17 here")
    assert asked(cluster, database, archive(table(), dumper="9.6.24")) == ""


def test_tables_with_rows_are_an_error_unless_they_are_to_be_replaced(cluster: str, database: str) -> None:
    as_app(cluster, database, "INSERT INTO notes VALUES (1); INSERT INTO laws (name) VALUES ('a')")
    dump = archive(table(), table("notes", ["id"]))
    assert asked(cluster, database, dump).startswith(f"{AT}/dump: laws, notes is not empty here: `replace: true`")
    assert asked(cluster, database, dump, replace=True) == (
        f"note: {AT}: replace deletes the rows of laws, notes; they are dumped first\n"
    )
    assert asked(cluster, database, dump, replace=True, preview=False) == ""


def test_rows_that_replace_would_delete_in_other_tables_are_an_error(cluster: str, database: str) -> None:
    as_app(cluster, database, "CREATE TABLE children (note int REFERENCES notes)")
    dump = archive(table("notes", ["id"]))
    assert asked(cluster, database, dump, replace=True) == ""
    by_hand(cluster, "INSERT INTO children VALUES (NULL)", database)
    said = asked(cluster, database, dump, replace=True)
    assert said.startswith(
        f"{AT}/replace: would empty children, which is not in the dump and refers to a table that is"
    )


def test_transactions_that_electric_would_wait_for_are_named(
    cluster: str, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(in_use, "MIN_AGE_S", 0)
    held = docker("exec", "-d", cluster, "psql", "-U", "postgres", "-c", "BEGIN; SELECT txid_current(), pg_sleep(600)")
    assert held.ok
    counted = "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL"
    eventually(lambda: by_hand(cluster, counted).strip() == "1")
    services = users(database, "legal")
    [said] = in_use.transactions(Postgres(cluster), AT, services)
    assert said.startswith(f"{AT}: a transaction on postgres by postgres has been open since ")
    [number] = re.findall(r"pg_terminate_backend\((\d+)\)", said)
    by_hand(cluster, f"SELECT pg_terminate_backend({number})")
    eventually(lambda: by_hand(cluster, counted).strip() == "0")
    assert not [*in_use.transactions(Postgres(cluster), AT, services)]


def test_tables_with_triggers_need_disable_triggers(cluster: str, database: str) -> None:
    """pg_restore empties search_path."""
    as_app(cluster, database, "CREATE FUNCTION fill() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'")
    for name, when in (
        *(("filled", "INSERT ON laws"), ("kept", "INSERT ON laws"), ("off", "INSERT ON laws")),
        *(("changed", "UPDATE ON laws"), ("emptied", "TRUNCATE ON notes"), ("other", "INSERT ON schema_migrations")),
    ):
        as_app(cluster, database, f"CREATE TRIGGER {name} BEFORE {when} EXECUTE FUNCTION fill()")
    as_app(cluster, database, "ALTER TABLE laws DISABLE TRIGGER off")
    dump = archive(table(), table("notes", ["id"]))
    said = asked(cluster, database, dump)
    assert said.startswith(f"{AT}/disable_triggers: must be true, since laws has triggers (filled, kept): pg_restore ")
    assert said.count("\n") == 1
    assert "since notes has triggers (emptied)" in asked(cluster, database, dump, replace=True)
    assert asked(cluster, database, dump, triggers=False) == ""


def test_tables_that_are_not_the_apps_are_reported_before_a_dump_or_load(cluster: str, database: str) -> None:
    by_hand(cluster, 'CREATE TABLE "By Hand" (id int); CREATE SEQUENCE numbers; CREATE TABLE s (id serial)', database)
    said = asked(cluster, database, archive(table())).splitlines()
    names = {"By Hand": '"By Hand"', "numbers": "numbers", "s": "s"}
    for line, (name, quoted) in zip(said, names.items(), strict=True):
        assert line.startswith(
            f"{AT}: {name} belongs to postgres, and a restore runs as {database}_owner, which must own"
        )
        assert line.endswith(f": ALTER TABLE public.{quoted} OWNER TO {database}_owner")


def test_row_security_that_applies_to_the_owner_is_reported(cluster: str, database: str) -> None:
    as_app(cluster, database, "ALTER TABLE notes FORCE ROW LEVEL SECURITY")
    [said] = asked(cluster, database, archive(table())).splitlines()
    assert said.startswith(f"{AT}: notes forces row security on its owner, as")
    assert said.endswith("ALTER TABLE public.notes NO FORCE ROW LEVEL SECURITY while a restore is declared")


def test_tables_of_an_extension_do_not_change(cluster: str, database: str) -> None:
    by_hand(cluster, "ALTER EXTENSION citext ADD TABLE notes", database)
    assert asked(cluster, database, archive(table(), table("notes", ["id"], 0))) == ""
    said = asked(cluster, database, archive(table(), table("notes", ["id"])))
    assert said == (
        f"{AT}/dump: contains rows of notes, which belongs to an extension: "
        "dump again with --exclude-table-data=notes\n"
    )
