"""A database that another service uses, and one that another service reads, on a real PostgreSQL."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from render import sql
from tests.throwaway.box import Said, docker
from tests.throwaway.calling import call
from tests.throwaway.cluster import (
    CONNECTIONS,
    as_login,
    ask,
    by_hand,
    database,
    keep_logins,
    leave,
    make,
    make_electric,
    migrating,
    remove_electric,
)

pytestmark = pytest.mark.docker
SHARER, READER = "compliance", "hub"


def share(cluster: str, name: str, password: str = "three", sharer: str = SHARER) -> str:
    """Another service uses the database. Returns its app's login."""
    said = database(cluster, name, password, sharer=sharer)
    assert (said.code, said.out, said.error) == (0, "", "")
    return sql.login(sql.login_prefix(name, sharer), password)


def share_electric(cluster: str, name: str, sharer: str = SHARER) -> str:
    """The other service has an Electric. Returns its login."""
    group = sql.electric_group(name, sharer)
    login = sql.login(group, "four")
    inputs = {"password": "four", "login": login, "fingerprint": "none"}
    roles = {"owner": sql.owner(name), "group": group, "publication": sql.publication(sharer)}
    said = call("electric-role", sharer, name, **roles, connections=CONNECTIONS, postgres=cluster, inputs=inputs)
    assert (said.code, said.out, said.error) == (0, "", "")
    return login


def end_sharing(cluster: str, name: str, sharer: str = SHARER) -> Said:
    """Does what a removal of the other service does."""
    group = sql.electric_group(name, sharer)
    said = call(
        "electric-role-remove",
        "trial",
        sharer,
        name,
        group=group,
        slot=sql.slot(sharer),
        publication=sql.publication(sharer),
        drop_group=[],
        postgres=cluster,
    )
    assert said.ok, said.out
    prefix = sql.login_prefix(name, sharer)
    return call("database-leave", sharer, name, owner=sql.owner(name), prefix=prefix, postgres=cluster)


def leave_shared(cluster: str, name: str, sharer: str = SHARER) -> Said:
    """Does what happens at the end of an `up` in which the other service gets another database."""
    inputs = {
        "owner": sql.owner(name),
        "prefix": sql.login_prefix(name, sharer),
        "group": sql.electric_group(name, sharer),
        "slot": sql.slot(sharer),
        "publication": sql.publication(sharer),
    }
    return call("sharer-leave", sharer, name, postgres=cluster, inputs=inputs)


def use_electric(cluster: str, name: str, stream: str) -> None:
    """Creates what Electric creates."""
    login = sql.login(sql.electric_group(name, stream), "four")
    assert as_login(cluster, login, "four", name, f"CREATE PUBLICATION {sql.publication(stream)}").ok
    ask(cluster, f"SELECT pg_create_logical_replication_slot('{sql.slot(stream)}', 'pgoutput')", name)


def read(cluster: str, name: str, password: str = "five", reader: str = READER) -> str:
    """Another service reads the database. Returns its login."""
    login = sql.reader_login(reader, name, password)
    inputs = {"password": password, "login": login, "fingerprint": "none"}
    roles = {"owner": sql.owner(name), "group": sql.readers_group(name)}
    said = call("reader", reader, name, name, **roles, connections=CONNECTIONS, postgres=cluster, inputs=inputs)
    assert said.ok, said.out
    assert said.out == ""
    return login


def end_reading(cluster: str, name: str, reader: str = READER) -> Said:
    owner, group, prefix = sql.owner(name), sql.readers_group(name), sql.reader_prefix(reader)
    return call("reader-remove", reader, name, name, owner=owner, group=group, prefix=prefix, postgres=cluster)


def limit(cluster: str, name: str) -> None:
    """Does what the owner's release does at its end."""
    roles = {"owner": sql.owner(name), "group": sql.readers_group(name)}
    said = call("limit-readers", name, name, **roles, postgres=cluster, inputs={"images": {}})
    assert (said.code, said.out, said.error) == (0, "", "")


def members(cluster: str, role: str) -> set[str]:
    """Returns the logins that are direct members of a role."""
    text = f"SELECT member::regrole FROM pg_auth_members WHERE roleid = to_regrole('\"{role}\"')"
    return {member.strip('"') for member in ask(cluster, text).split()}


@pytest.fixture
def app(cluster: str, name: str) -> str:
    """The login of the owner's app."""
    return make(cluster, name)


@pytest.fixture
def sharer(cluster: str, name: str, app: str) -> Iterator[str]:
    """The login of another service's app."""
    yield share(cluster, name)
    end_sharing(cluster, name)


@pytest.fixture
def reader(cluster: str, name: str, app: str) -> Iterator[str]:
    """The login of a service that reads the database, which has a table already."""
    assert as_login(cluster, app, "one", name, "CREATE TABLE people AS SELECT 1 AS id; CREATE SEQUENCE ids").ok
    yield read(cluster, name)
    end_reading(cluster, name)


# A service that uses another's database.


def test_both_services_own_and_migrate_the_same_tables(cluster: str, name: str, app: str, sharer: str) -> None:
    assert as_login(cluster, app, "one", name, "CREATE TABLE laws (id int)").ok
    assert as_login(
        cluster, sharer, "three", name, "ALTER TABLE laws ADD COLUMN year int; INSERT INTO laws VALUES (1)"
    ).ok
    assert as_login(cluster, sharer, "three", name, "CREATE TABLE more (id int)").ok
    assert as_login(cluster, app, "one", name, "DROP TABLE more; SELECT count(*) FROM laws").out == "1"


def test_the_order_of_the_services_does_not_matter(cluster: str, name: str) -> None:
    login = share(cluster, name)
    try:
        assert as_login(cluster, login, "three", name, "CREATE TABLE laws (id int)").ok
        assert as_login(cluster, make(cluster, name), "one", name, "INSERT INTO laws VALUES (1)").ok
    finally:
        end_sharing(cluster, name)


@pytest.mark.parametrize("adopted", [False, True], ids=["new", "adopted"])
def test_the_steps_of_all_services_on_a_database_may_run_at_the_same_time(
    cluster: str, name: str, adopted: bool
) -> None:
    """As in the first `up`: no service waits for another."""
    if adopted:
        ask(cluster, f"CREATE DATABASE {name}")
        by_hand(cluster, "CREATE TABLE people AS SELECT 1 AS id", name)
    with ThreadPoolExecutor(5) as pool:
        steps = [
            *(pool.submit(make, cluster, name), pool.submit(share, cluster, name)),
            *(pool.submit(share, cluster, name, sharer="other"), pool.submit(read, cluster, name)),
            pool.submit(read, cluster, name, reader="billing"),
        ]
    try:
        assert [step.exception() for step in steps] == [None] * len(steps)
        for step, password in zip(steps, ("one", "three", "three", "five", "five"), strict=True):
            assert as_login(cluster, step.result(), password, name, "SELECT 1").ok
    finally:
        end_sharing(cluster, name)
        end_sharing(cluster, name, "other")
        end_reading(cluster, name)
        end_reading(cluster, name, "billing")


def test_a_sharer_reaches_no_third_database(cluster: str, name: str, sharer: str) -> None:
    make(cluster, f"{name}_b")
    for other in (f"{name}_b", "postgres", "template1"):
        assert "pg_hba.conf" in as_login(cluster, sharer, "three", other, "SELECT 1").error
    assert not as_login(cluster, sharer, "three", name, f"SET ROLE {name}_b_owner").ok


def test_the_clean_up_of_each_service_leaves_the_others_logins(cluster: str, name: str, app: str, sharer: str) -> None:
    electric, own_electric = make_electric(cluster, name), share_electric(cluster, name)
    for _ in range(2):
        assert keep_logins(cluster, name, app, migrating(name), electric=electric).ok
        kept = {"owner": sql.owner(name), "group": sql.electric_group(name, SHARER)}
        said = call(
            "logins",
            SHARER,
            name,
            app=[sharer],
            electric=own_electric,
            postgres=cluster,
            inputs={**kept, "prefix": sql.login_prefix(name, SHARER)},
        )
        assert said.ok, said.out
    assert {app, migrating(name), sharer} < members(cluster, sql.owner(name))
    assert not [login for login in members(cluster, sql.owner(name)) if "-app_migrate_" in login], "not kept: dropped"
    assert members(cluster, sql.electric_group(name)) == {electric}
    assert members(cluster, sql.electric_group(name, SHARER)) == {own_electric}


def test_the_owners_removal_leaves_the_sharers_logins_and_the_other_way_round(
    cluster: str, name: str, app: str, sharer: str
) -> None:
    electric, own_electric = make_electric(cluster, name), share_electric(cluster, name)
    assert end_sharing(cluster, name).out == ""
    assert members(cluster, sql.owner(name)) == {app, migrating(name), sql.electric_group(name)}
    assert members(cluster, sql.electric_group(name)) == {electric}
    assert ask(cluster, f"SELECT count(*) FROM pg_roles WHERE rolname ~ '^{SHARER}-'") == "0"
    sharer, own_electric = share(cluster, name), share_electric(cluster, name)
    assert remove_electric(cluster, name).ok
    assert leave(cluster, name).ok
    assert sharer in members(cluster, sql.owner(name))
    assert own_electric in members(cluster, sql.electric_group(name, SHARER))
    assert as_login(cluster, sharer, "three", name, "CREATE TABLE still (id int)").ok


def test_a_new_password_of_a_sharer_drops_its_own_old_logins_alone(cluster: str, name: str, app: str) -> None:
    share(cluster, name, "old")
    new = share(cluster, name, "new")
    try:
        inputs = {"owner": sql.owner(name), "group": "", "prefix": sql.login_prefix(name, SHARER)}
        assert call("logins", SHARER, name, app=[new], postgres=cluster, inputs=inputs).ok
        assert members(cluster, sql.owner(name)) == {app, migrating(name), new}
    finally:
        end_sharing(cluster, name)


def test_each_electric_owns_its_publication_and_may_change_all_tables(cluster: str, name: str, sharer: str) -> None:
    electric, own = make_electric(cluster, name), share_electric(cluster, name)
    assert as_login(cluster, sharer, "three", name, "CREATE TABLE laws (id int)").ok
    for login, password, stream in ((electric, "two", name), (own, "four", SHARER)):
        text = (
            f"CREATE PUBLICATION {sql.publication(stream)}; ALTER PUBLICATION {sql.publication(stream)} ADD TABLE laws;"
        )
        said = as_login(cluster, login, password, name, f"{text} ALTER TABLE laws REPLICA IDENTITY FULL")
        assert said.ok, said.error
    for last in (make_electric, share_electric, make_electric):
        last(cluster, name)
        assert publications(cluster, name) == {
            sql.publication(name): sql.electric_group(name),
            sql.publication(SHARER): sql.electric_group(name, SHARER),
        }
    end_sharing(cluster, name)
    assert publications(cluster, name) == {sql.publication(name): sql.electric_group(name)}


def test_a_publication_that_is_older_than_the_platform_goes_to_its_own_service(
    cluster: str, name: str, sharer: str
) -> None:
    by_hand(cluster, f"CREATE PUBLICATION {sql.publication(SHARER)}", name)
    make_electric(cluster, name)
    share_electric(cluster, name)
    make_electric(cluster, name)
    assert publications(cluster, name) == {sql.publication(SHARER): sql.electric_group(name, SHARER)}


def publications(cluster: str, name: str) -> dict[str, str]:
    """Returns the owner of each publication."""
    rows = ask(cluster, "SELECT pubname || ' ' || pg_get_userbyid(pubowner) FROM pg_publication", name).splitlines()
    return dict(row.split(" ") for row in rows)


def test_the_slot_of_a_removed_sharer_is_dropped_and_the_owners_stays(cluster: str, name: str, sharer: str) -> None:
    share_electric(cluster, name)
    for slot in (sql.slot(SHARER), sql.slot(name)):
        ask(cluster, f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')", name)
    try:
        end_sharing(cluster, name)
        assert ask(cluster, f"SELECT slot_name FROM pg_replication_slots WHERE database = '{name}'") == sql.slot(name)
    finally:
        assert remove_electric(cluster, name).ok


# A service that gets another database.


def test_nothing_of_a_service_is_left_on_a_database_that_it_no_longer_shares(
    cluster: str, name: str, app: str, sharer: str
) -> None:
    electric, _ = make_electric(cluster, name), share_electric(cluster, name)
    use_electric(cluster, name, SHARER)
    for _ in range(2):
        said = leave_shared(cluster, name)
        assert (said.code, said.out) == (0, "")
    assert ask(cluster, f"SELECT count(*) FROM pg_roles WHERE rolname ~ '^{SHARER}-'") == "0"
    assert ask(cluster, f"SELECT count(*) FROM pg_replication_slots WHERE database = '{name}'") == "0"
    assert publications(cluster, name) == {}
    assert members(cluster, sql.owner(name)) == {app, migrating(name), sql.electric_group(name)}
    assert members(cluster, sql.electric_group(name)) == {electric}


def test_its_logins_may_serve_on_a_third_database_by_then(cluster: str, name: str, sharer: str) -> None:
    """Their names are the same there."""
    other, group = f"{name}_b", sql.electric_group(name, SHARER)
    share_electric(cluster, name)
    use_electric(cluster, name, SHARER)
    make(cluster, other)
    assert share(cluster, other) == sharer
    electric = share_electric(cluster, other)
    for each in (name, other):
        said = as_login(cluster, sharer, "three", each, "SELECT current_user")
        assert said.out == sql.owner(each), "the old containers serve until the release ends"
    try:
        assert leave_shared(cluster, name).ok
        assert not {sharer, group} & members(cluster, sql.owner(name))
        assert {sharer, group} < members(cluster, sql.owner(other))
        for login, password in ((sharer, "three"), (electric, "four")):
            assert as_login(cluster, login, password, other, "CREATE SCHEMA IF NOT EXISTS fresh").ok
            assert "pg_hba.conf" in as_login(cluster, login, password, name, "SELECT 1").error
        rights = f"SELECT has_database_privilege('{group}', '{name}', 'CONNECT')"
        assert ask(cluster, rights) == "f"
        assert ask(cluster, f"SELECT count(*) FROM pg_replication_slots WHERE database = '{name}'") == "0"
    finally:
        end_sharing(cluster, other)


def test_a_sharer_that_becomes_the_owner_keeps_its_publication_and_slot(cluster: str, name: str, sharer: str) -> None:
    share_electric(cluster, name)
    use_electric(cluster, name, SHARER)
    share(cluster, name, sharer="other")
    share_electric(cluster, name, "other")
    use_electric(cluster, name, "other")
    try:
        before = sql.login(sql.electric_group(name, SHARER), "four")
        electric = make_electric(cluster, name, service=SHARER)
        assert as_login(cluster, sharer, "three", name, "CREATE TABLE late (id int)").ok
        text = f"ALTER PUBLICATION {sql.publication(SHARER)} ADD TABLE late"
        added = as_login(cluster, before, "four", name, text)
        assert added.ok, added.error  # until the cut-over
        assert leave_shared(cluster, name).ok
        assert publications(cluster, name) == {
            sql.publication(SHARER): sql.electric_group(name),
            sql.publication("other"): sql.electric_group(name, "other"),
        }
        assert ask(cluster, f"SELECT 1 FROM pg_replication_slots WHERE slot_name = '{sql.slot(SHARER)}'") == "1"
        assert members(cluster, sql.electric_group(name)) == {electric}
        assert ask(cluster, f"SELECT count(*) FROM pg_roles WHERE rolname ~ '^{SHARER}-'") == "0"
    finally:
        end_sharing(cluster, name, "other")
        assert remove_electric(cluster, name, SHARER).ok


def test_the_removal_of_an_owner_leaves_the_logins_of_the_service_that_has_taken_over(
    cluster: str, name: str, app: str
) -> None:
    """Their names contain the database, so both have the same."""
    electric = make_electric(cluster, name)
    inputs = {"password": "one", "login": app, "extensions": [], "fingerprints": {"login": "none"}}
    limits = {"connections": CONNECTIONS, "migrate_connections": 0}
    assert call("database", "heir", name, owner=sql.owner(name), **limits, postgres=cluster, inputs=inputs).ok
    assert make_electric(cluster, name, service="heir") == electric
    try:
        assert remove_electric(cluster, name).ok
        assert leave(cluster, name).ok
        assert {app} <= members(cluster, sql.owner(name))
        assert members(cluster, sql.electric_group(name)) == {electric}
        assert not {migrating(name)} & members(cluster, sql.owner(name)), "nobody uses it"
    finally:
        assert remove_electric(cluster, name, "heir").ok
        assert call("database-leave", "heir", name, owner=sql.owner(name), postgres=cluster).ok
    assert not members(cluster, sql.electric_group(name)) | {app} & members(cluster, sql.owner(name))


@pytest.mark.parametrize("first", [leave_shared, end_sharing])
def test_it_may_be_removed_with_the_service_in_any_order(
    cluster: str, name: str, sharer: str, first: Callable[[str, str], Said]
) -> None:
    share_electric(cluster, name)
    use_electric(cluster, name, SHARER)
    for step in (first, leave_shared, end_sharing):
        said = step(cluster, name)
        assert (said.code, said.out) == (0, "")
    assert ask(cluster, f"SELECT count(*) FROM pg_roles WHERE rolname ~ '^{SHARER}-'") == "0"
    assert ask(cluster, f"SELECT count(*) FROM pg_replication_slots WHERE database = '{name}'") == "0"


# A service that reads another's database.

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


# An Electric that is stopped on purpose.


def test_the_slot_of_a_stopped_electric_is_dropped(cluster: str, name: str, app: str) -> None:
    ask(cluster, f"SELECT pg_create_logical_replication_slot('{sql.slot(name)}', 'pgoutput')", name)
    for _ in range(2):
        said = call("slot-drop", "trial", name, name, slot=sql.slot(name), postgres=cluster)
        assert said.ok, said.out
        assert said.out.startswith(f"{name}/electric: stopped on purpose; its slot is dropped")
    assert ask(cluster, f"SELECT count(*) FROM pg_replication_slots WHERE database = '{name}'") == "0"


def test_a_slot_that_another_electric_reads_stays(cluster: str, name: str, app: str) -> None:
    electric, slot = make_electric(cluster, name), sql.slot(name)
    ask(cluster, f"SELECT pg_create_logical_replication_slot('{slot}', 'pgoutput')", name)
    url = f"host=127.0.0.1 user={electric} dbname={name} password=two"
    words = ["pg_recvlogical", "-d", url, "--slot", slot, "--start", "-f", "/dev/null"]
    options = ["-o", "proto_version=1", "-o", f"publication_names={sql.publication(name)}"]
    by_hand(cluster, f"CREATE PUBLICATION {sql.publication(name)}", name)
    assert docker("exec", "-d", cluster, *words, *options).ok
    try:
        said = call("slot-drop", "trial", name, name, slot=slot, postgres=cluster)
        assert said.code == 1
        assert said.out == (
            f"{name}/electric: another Electric reads its slot {slot}: stop that one, then run up again\n"
        )
    finally:
        ask(cluster, f"SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{slot}'")
        docker("exec", cluster, "pkill", "-x", "pg_recvlogical")
        assert remove_electric(cluster, name).ok
