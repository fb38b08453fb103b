"""A database that another service reads, on a real PostgreSQL."""

from collections.abc import Iterator

import pytest

from render import sql
from tests.throwaway.calling import call
from tests.throwaway.cluster import as_login, ask, by_hand, database, make, migrating

from .sharing import READER, end_reading, limit, members, read

pytestmark = pytest.mark.docker


FORBIDDEN = [
    "INSERT INTO people VALUES (2)",
    "UPDATE people SET id = 2",
    "DELETE FROM people",
    "TRUNCATE people",
    "DROP TABLE people",
    "ALTER TABLE people ADD COLUMN x int",
    "SELECT nextval('ids')",
    "SELECT setval('ids', 7)",
    "SELECT * FROM people FOR UPDATE",
    "COPY people FROM STDIN",
    "CREATE TABLE mine (id int)",
    "CREATE TEMP TABLE mine (id int)",
    "SELECT 1 AS id INTO mine",
    "CREATE SCHEMA mine",
    "CREATE VIEW mine AS SELECT 1",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE EXTENSION pg_trgm",
    "CREATE PUBLICATION mine",
    "SELECT lo_create(0)",
    "SELECT lo_creat(-1)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT pg_create_logical_replication_slot('mine', 'pgoutput')",
    "SET ROLE {name}_owner",
    'SET ROLE "{name}"; CREATE TABLE mine (id int)',
    "RESET ROLE; INSERT INTO people VALUES (2)",
    "SET ROLE NONE; CREATE TEMP TABLE mine (id int)",
    'GRANT "{name}_owner" TO CURRENT_USER',
    "GRANT INSERT ON people TO CURRENT_USER; INSERT INTO people VALUES (2)",
    "CREATE ROLE mine",
    "ALTER DATABASE {name} SET search_path = mine",
]


@pytest.fixture(scope="module")
def tried(cluster: str) -> Iterator[tuple[str, str]]:
    """A database with a table, and its reader's login, for all that is refused and so changes nothing."""
    name = "trial_tried"
    login = make(cluster, name)
    assert as_login(cluster, login, "one", name, "CREATE TABLE people AS SELECT 1 AS id; CREATE SEQUENCE ids").ok
    yield name, read(cluster, name)
    end_reading(cluster, name)


@pytest.mark.parametrize("forbidden", FORBIDDEN)
def test_a_reader_may_not(cluster: str, tried: tuple[str, str], forbidden: str) -> None:
    name, reader = tried
    for first in ("", "SET default_transaction_read_only = off; "):
        said = as_login(cluster, reader, "five", name, first + forbidden.format(name=name))
        assert not said.ok
        assert any(word in said.error for word in ("permission denied", "must be owner", "must have", "Only roles")), (
            said.error
        )
    assert as_login(cluster, reader, "five", name, "SELECT count(*) FROM people").out == "1"


def test_a_reader_reads_what_there_is_and_what_later_migrations_create(
    cluster: str, name: str, app: str, reader: str
) -> None:
    assert as_login(cluster, reader, "five", name, "SELECT id FROM people").out == "1"
    assert as_login(cluster, reader, "five", name, "SELECT last_value FROM ids").out == "1"
    later = """CREATE TABLE "Later On" (id serial); INSERT INTO "Later On" DEFAULT VALUES;
      CREATE VIEW seen AS SELECT id FROM people; CREATE MATERIALIZED VIEW kept AS SELECT id FROM people;
      CREATE SCHEMA apart; CREATE TABLE apart.t AS SELECT 7 AS id;"""
    assert as_login(cluster, migrating(name), "one", name, later).ok
    for text, answer in (
        ('SELECT count(*) FROM "Later On"', "1"),
        ("SELECT id FROM seen", "1"),
        ("SELECT id FROM kept", "1"),
        ("SELECT id FROM apart.t", "7"),
        ('SELECT last_value FROM "Later On_id_seq"', "1"),
    ):
        assert as_login(cluster, reader, "five", name, text).out == answer, text
    assert not as_login(cluster, reader, "five", name, 'INSERT INTO "Later On" DEFAULT VALUES').ok


def test_a_reader_reads_a_database_of_a_sharer_too(cluster: str, name: str, reader: str, sharer: str) -> None:
    assert as_login(cluster, sharer, "three", name, "CREATE TABLE shared AS SELECT 8 AS id").ok
    assert as_login(cluster, reader, "five", name, "SELECT id FROM shared").out == "8"


ESCALATES = """CREATE FUNCTION {name}() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS
  'DELETE FROM people';"""


def test_no_function_with_its_owners_rights_can_be_called_whenever_it_was_created(
    cluster: str, name: str, app: str, reader: str
) -> None:
    end_reading(cluster, name)
    older = (
        ESCALATES.format(name="older") + "CREATE PROCEDURE run() LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM people'"
    )
    assert as_login(cluster, app, "one", name, older).ok
    reader = read(cluster, name)
    assert as_login(cluster, app, "one", name, ESCALATES.format(name="newer")).ok
    called = ["SELECT older()", "CALL run()", "SELECT newer()"]
    for text in called:
        assert "permission denied for" in as_login(cluster, reader, "five", name, text).error, text
    assert as_login(cluster, app, "one", name, "GRANT EXECUTE ON ALL ROUTINES IN SCHEMA public TO PUBLIC").ok
    limit(cluster, name)
    for text in called:
        assert "permission denied for" in as_login(cluster, reader, "five", name, text).error, text
    assert as_login(cluster, app, "one", name, "SELECT older(), newer(); CALL run()").ok, "the owner's app still may"


def test_other_functions_can_be_called_after_the_owners_release(cluster: str, name: str, app: str, reader: str) -> None:
    text = (
        "CREATE FUNCTION plain(int) RETURNS int LANGUAGE sql AS 'SELECT $1'; CREATE VIEW used AS SELECT plain(9) AS id"
    )
    assert as_login(cluster, app, "one", name, text).ok
    assert not as_login(cluster, reader, "five", name, "SELECT id FROM used").ok
    limit(cluster, name)
    assert as_login(cluster, reader, "five", name, "SELECT id FROM used").out == "9"


def test_what_the_owner_opened_to_everybody_is_closed_for_readers(
    cluster: str, name: str, app: str, reader: str
) -> None:
    opened = f"""GRANT ALL ON people TO PUBLIC; GRANT ALL ON ids TO {name};
      GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT TEMP ON DATABASE {name} TO PUBLIC;
      CREATE TABLE part (id int, open int); GRANT UPDATE (open) ON part TO PUBLIC"""
    assert as_login(cluster, app, "one", name, opened).ok
    limit(cluster, name)
    for forbidden in (*FORBIDDEN[:4], *FORBIDDEN[6:8], *FORBIDDEN[10:12], "UPDATE part SET open = 1"):
        assert "permission denied" in as_login(cluster, reader, "five", name, forbidden).error, forbidden
    assert as_login(cluster, reader, "five", name, "SELECT count(*) FROM people").out == "1"
    assert as_login(cluster, app, "one", name, "INSERT INTO people VALUES (3)").ok


def test_a_reader_reaches_no_other_database(cluster: str, name: str, reader: str) -> None:
    make(cluster, f"{name}_b")
    for other in (f"{name}_b", "postgres", "template1"):
        assert "pg_hba.conf" in as_login(cluster, reader, "five", other, "SELECT 1").error


def test_the_owner_need_not_be_there_before_its_reader(cluster: str, name: str) -> None:
    login = read(cluster, name)
    try:
        owner = make(cluster, name)
        assert as_login(cluster, owner, "one", name, "CREATE TABLE people AS SELECT 1 AS id").ok
        assert as_login(cluster, login, "five", name, "SELECT id FROM people").out == "1"
    finally:
        end_reading(cluster, name)


def test_tables_that_are_older_than_the_platform_can_be_read(cluster: str, name: str) -> None:
    ask(cluster, f"CREATE DATABASE {name}")
    by_hand(cluster, "CREATE TABLE people AS SELECT 1 AS id", name)
    login = read(cluster, name)
    try:
        assert as_login(cluster, login, "five", name, "SELECT id FROM people").out == "1"
    finally:
        end_reading(cluster, name)


def test_the_removal_of_one_reader_leaves_the_others_and_of_the_last_one_nothing(
    cluster: str, name: str, app: str, reader: str
) -> None:
    other = read(cluster, name, "six", "billing")
    assert end_reading(cluster, name).ok
    assert members(cluster, sql.readers_group(name)) == {other}
    assert as_login(cluster, other, "six", name, "SELECT count(*) FROM people").ok
    for _ in range(2):
        said = end_reading(cluster, name, "billing")
        assert (said.code, said.out) == (0, "")
    assert ask(cluster, f"SELECT count(*) FROM pg_roles WHERE rolname = '{name}-reads'") == "0"
    rest = "SELECT count(*) FROM pg_default_acl; SELECT relacl::text ~ 'reads' FROM pg_class WHERE relname = 'people'"
    assert ask(cluster, rest, name) == "0\nf"
    assert as_login(cluster, app, "one", name, "SELECT count(*) FROM people").ok
    assert database(cluster, name).ok


def test_a_new_password_of_a_reader_drops_its_own_old_login_alone(cluster: str, name: str, reader: str) -> None:
    other, new = read(cluster, name, "six", "billing"), read(cluster, name, "new")
    for login, password in ((reader, "five"), (new, "new")):
        assert as_login(cluster, login, password, name, "SELECT 1").ok
    inputs = {"owner": sql.readers_group(name), "prefix": sql.reader_prefix(READER)}
    assert call("logins", READER, name, app=[new], postgres=cluster, inputs=inputs).ok
    assert members(cluster, sql.readers_group(name)) == {new, other}
    end_reading(cluster, name, "billing")
