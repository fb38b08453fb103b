"""The SQL on a real PostgreSQL: run twice, on a fresh cluster and on one that has seen other days."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from render import sql

from .box import docker
from .cluster import EVERYTHING, as_login, ask, by_hand, feed, make, make_electric, owners

pytestmark = pytest.mark.docker
ODD = ["it's", 'back\\slash "quo\'te"', "$$dollar$1$$ `id` %I %%", "new\nline;--x", ":colon é"]


def logins(cluster: str, name: str) -> set[str]:
    found = ask(cluster, f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{name}%' AND rolcanlogin")
    return set(found.split())


def test_the_cluster_runs_as_the_platform_tunes_it(cluster: str) -> None:
    assert ask(cluster, "SHOW wal_level; SHOW max_replication_slots; SHOW max_connections;").split() == [
        "logical",
        "10",
        "40",
    ]


def test_a_database_is_made_once(cluster: str, name: str) -> None:
    login = make(cluster, name)
    first = ask(cluster, f"SELECT oid FROM pg_database WHERE datname = '{name}'")
    assert make(cluster, name) == login
    assert ask(cluster, f"SELECT oid FROM pg_database WHERE datname = '{name}'") == first
    assert ask(cluster, "SELECT extname FROM pg_extension ORDER BY 1", name).split() == [
        "citext",
        "plpgsql",
        "uuid-ossp",
    ]


def test_many_services_are_set_up_and_rid_of_old_logins_at_the_same_time(cluster: str, name: str) -> None:
    def release(database: str) -> str:
        again = feed(cluster, f"{sql.database(database, [], 'old', 6)}\\connect postgres\n" * 8)
        assert again.ok, again.error
        current = make(cluster, database, "new")
        make_electric(cluster, database)
        ask(cluster, sql.drop_logins(sql.owner(database), database, current), database)
        return current

    names = [f"{name}_{letter}" for letter in "abcd"]
    with ThreadPoolExecutor(len(names)) as pool:
        currents = list(pool.map(release, names))
    for database, current in zip(names, currents, strict=True):
        assert logins(cluster, database) == {current, sql.login(sql.electric_group(database), "two")}


def test_what_a_login_makes_belongs_to_the_owner(cluster: str, name: str) -> None:
    login = make(cluster, name)
    said = as_login(cluster, login, "one", name, f"{EVERYTHING} SELECT current_user;")
    assert (said.out, said.ok) == (f"{name}_owner", True), said.error
    assert owners(cluster, name) == {f"{name}_owner"}


@pytest.mark.parametrize("password", ODD)
def test_a_password_may_hold_anything(cluster: str, name: str, password: str) -> None:
    login, electric = make(cluster, name, password), make_electric(cluster, name, password)
    assert as_login(cluster, login, password, name, "SELECT 1").out == "1"
    assert as_login(cluster, electric, password, name, "SELECT 1").out == "1"
    assert not as_login(cluster, login, password + "x", name, "SELECT 1").ok


def test_the_logins_of_other_databases_cannot_connect(cluster: str, name: str) -> None:
    make(cluster, name)
    make_electric(cluster, name)
    stranger = make(cluster, f"{name}_b")
    electric = make_electric(cluster, f"{name}_b")
    for login, password in ((stranger, "one"), (electric, "two")):
        refused = as_login(cluster, login, password, name, "SELECT 1")
        assert "no pg_hba.conf entry" in refused.error
        assert ask(cluster, f"SELECT has_database_privilege('{login}', '{name}', 'CONNECT')") == "f"


def test_a_login_is_nothing_more_than_it_needs_to_be(cluster: str, name: str) -> None:
    login, electric = make(cluster, name), make_electric(cluster, name)
    rights = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication FROM pg_roles WHERE rolname ="
    assert ask(cluster, f"{rights} '{login}'") == "f|f|f|f|f"
    assert ask(cluster, f"{rights} '{electric}'") == "f|f|f|f|t"
    assert (
        ask(cluster, f"SELECT bool_or(rolcanlogin) FROM pg_roles WHERE rolname IN ('{name}_owner', '{name}_electric')")
        == "f"
    )


def test_electric_may_publish_replicate_and_read_what_is_the_owners(cluster: str, name: str) -> None:
    login, electric = make(cluster, name), make_electric(cluster, name)
    assert as_login(cluster, login, "one", name, "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (7)").ok
    slot = f"electric_slot_{name}"
    text = f"""CREATE PUBLICATION electric_publication_{name};
    ALTER TABLE t REPLICA IDENTITY FULL;
    ALTER PUBLICATION electric_publication_{name} ADD TABLE t;
    SELECT slot_name FROM pg_create_logical_replication_slot('{slot}', 'pgoutput');
    SELECT id FROM t;"""
    said = as_login(cluster, electric, "two", name, text)
    assert (said.out.split(), said.ok) == ([slot, "7"], True), said.error
    owner = ask(cluster, "SELECT pubowner::regrole FROM pg_publication", name)
    assert owner == f"{name}_electric"

    for _ in range(2):
        dropped = feed(cluster, sql.drop_electric(name), name)
        assert dropped.ok, dropped.error
    assert ask(cluster, f"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{slot}'") == "0"
    assert ask(cluster, "SELECT count(*) FROM pg_publication", name) == "0"


def test_a_new_password_is_a_new_login_and_the_old_one_serves_until_it_is_dropped(cluster: str, name: str) -> None:
    old = make(cluster, name, "old")
    assert as_login(cluster, old, "old", name, "CREATE TABLE t (id int)").ok
    new = make(cluster, name, "new")
    assert old != new
    for login, password in ((old, "old"), (new, "new")):
        assert as_login(cluster, login, password, name, "INSERT INTO t VALUES (1)").ok
    for _ in range(2):
        assert ask(cluster, sql.drop_logins(sql.owner(name), name, new), name) == ""
    assert logins(cluster, name) == {new}
    assert not as_login(cluster, old, "old", name, "SELECT 1").ok
    assert as_login(cluster, new, "new", name, "SELECT count(*) FROM t").out == "2"


def test_what_a_dropped_login_made_in_its_own_name_becomes_the_owners(cluster: str, name: str) -> None:
    login = make(cluster, name)
    assert as_login(cluster, login, "one", name, "RESET ROLE; SET ROLE NONE; CREATE TEMP TABLE mine (id int)").ok
    by_hand(
        cluster,
        f"CREATE TABLE theirs (id int); ALTER TABLE theirs OWNER TO {login}; GRANT SELECT ON theirs TO {login}",
        name,
    )
    assert ask(cluster, sql.drop_logins(sql.owner(name), name), name) == ""
    assert logins(cluster, name) == set()
    assert owners(cluster, name) == {f"{name}_owner"}


def test_members_that_an_operator_made_are_left_alone(cluster: str, name: str) -> None:
    login = make(cluster, name)
    hand_made = {f"{name}_report", f"{name}_12345678x", f"{name}_ABCDEF12".lower() + "_"}
    for role in hand_made:
        ask(cluster, f"CREATE ROLE {role} LOGIN; GRANT {name}_owner TO {role}")
    ask(cluster, f"CREATE ROLE {name}_abcdef12 LOGIN")  # the form of a login, but no member
    assert logins(cluster, name) == {login, f"{name}_abcdef12", *hand_made}
    assert ask(cluster, sql.drop_logins(sql.owner(name), name), name) == ""
    assert logins(cluster, name) == {f"{name}_abcdef12", *hand_made}


def test_electrics_logins_are_dropped_apart_from_the_apps(cluster: str, name: str) -> None:
    login, electric = make(cluster, name), make_electric(cluster, name)
    group = sql.electric_group(name)
    assert ask(cluster, sql.drop_logins(sql.owner(name), name, login), name) == ""
    assert logins(cluster, name) == {login, electric}
    assert ask(cluster, sql.drop_logins(group, group), name) == ""
    assert logins(cluster, name) == {login}


def test_a_database_named_like_anothers_electric_shares_no_login(cluster: str, name: str) -> None:
    make(cluster, name)
    electric = make_electric(cluster, name)
    other = make(cluster, f"{name}_electric", "three")
    group = sql.electric_group(name)
    assert ask(cluster, sql.drop_logins(group, group), name) == ""
    assert electric not in logins(cluster, name)
    assert other in logins(cluster, name)


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("LOGIN PASSWORD", "LOGIN PASWORD"),
        ("SELECT format('CREATE ROLE %I LOGIN", "SELEKT format('CREATE ROLE %I LOGIN"),
    ],
)
@pytest.mark.parametrize("kind", ["database", "electric"])
def test_a_statement_that_fails_shows_no_password(cluster: str, name: str, kind: str, right: str, wrong: str) -> None:
    password = f"pw{name[6:]}"
    make(cluster, name)
    text = sql.database(name, [], password, 6) if kind == "database" else sql.electric(name, password, 6)
    broken = text.replace(right, wrong).replace("LOGIN REPLICATION PASSWORD", wrong)
    assert broken != text
    said = feed(cluster, broken)
    assert said.code == 3
    assert "ERROR" in said.error
    logged = docker("logs", cluster)
    for where in (said.error, said.out, logged.out, logged.error):
        assert password[:8] not in where  # an excerpt is as bad


def test_no_password_is_in_the_servers_log_when_all_goes_well(cluster: str, name: str) -> None:
    password = f"pw{name[6:]}"
    make(cluster, name, password)
    make_electric(cluster, name, password)
    ask(cluster, f"SELECT 'a marker of {name}'")
    logged = docker("logs", cluster)
    assert f"a marker of {name}" in logged.error + logged.out
    assert password not in logged.error + logged.out
