"""A service's database, its logins and Electric's role on a real PostgreSQL: created twice, and removed."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from host import files, psql
from render import sql
from tests.throwaway.calling import call
from tests.throwaway.cluster import (
    EVERYTHING,
    as_login,
    ask,
    by_hand,
    database,
    keep_logins,
    logins,
    logs_until,
    make,
    make_electric,
    migrating,
    owners,
    remove_electric,
)

pytestmark = pytest.mark.docker
ODD = ["it's", 'back\\slash "quo\'te"', "$$dollar$1$$ `id` %I %%", "new\nline;--x", ":colon é", ":'login'"]


def test_the_cluster_has_the_platforms_settings(cluster: str) -> None:
    assert ask(cluster, "SHOW wal_level; SHOW max_replication_slots; SHOW max_connections;").split() == [
        "logical",
        "10",
        "40",
    ]


def test_a_database_is_created_once_with_its_extensions(cluster: str, name: str) -> None:
    login = make(cluster, name)
    first = ask(cluster, f"SELECT oid FROM pg_database WHERE datname = '{name}'")
    assert make(cluster, name) == login
    assert ask(cluster, f"SELECT oid FROM pg_database WHERE datname = '{name}'") == first
    where = "SELECT extname, extnamespace::regnamespace FROM pg_extension ORDER BY 1"
    assert ask(cluster, where, name).split() == ["citext|public", "plpgsql|pg_catalog", "uuid-ossp|public"]


def test_an_untrusted_extension_is_created_only_if_the_operator_has_listed_it(cluster: str, name: str) -> None:
    wanted = ["uuid-ossp", "citext", "pg_trgm", "pg_stat_statements"]
    refused = database(cluster, name, extensions=wanted)
    assert (refused.code, refused.out) == (
        1,
        f"services/{name}/database/extensions: pg_stat_statements is not trusted: an app may get more rights by it. "
        "If it may have them, add it to postgres/superuser_extensions\n",
    )
    for listed in (["pg_stat_statements"], []):  # one that is there stays
        said = database(cluster, name, extensions=wanted, superuser_extensions=listed)
        assert (said.code, said.out, said.error) == (0, "", "")
    where = "SELECT extname FROM pg_extension WHERE extnamespace = 'public'::regnamespace ORDER BY 1"
    assert ask(cluster, where, name).split() == sorted(wanted)


def test_a_missing_extension_is_reported_with_the_service(cluster: str, name: str) -> None:
    said = database(cluster, name, extensions=["nothing"])
    assert said.code == 1
    assert said.out.startswith(f'{name}/database: PostgreSQL says: ERROR:  extension "nothing" is not available')


def test_a_postgresql_that_does_not_answer_is_reported(name: str) -> None:
    said = database("trial-nobody", name)
    assert (said.code, said.out) == (1, f"{name}/database: PostgreSQL does not answer; run up again\n")


def test_many_services_get_logins_and_lose_old_ones_at_the_same_time(cluster: str, name: str) -> None:
    def release(service: str) -> set[str]:
        for _ in range(3):
            make(cluster, service, "old")
        current, electric = make(cluster, service, "new"), make_electric(cluster, service)
        kept = keep_logins(cluster, service, current, electric=electric)
        assert (kept.code, kept.out, kept.error) == (0, "", "")
        return {current, electric}

    names = [f"{name}_{letter}" for letter in "abcd"]
    with ThreadPoolExecutor(len(names)) as pool:
        currents = list(pool.map(release, names))
    for service, current in zip(names, currents, strict=True):
        assert logins(cluster, service) == current


def test_what_all_services_share_is_changed_only_under_the_lock_of_the_whole_cluster(cluster: str, name: str) -> None:
    make(cluster, name)
    # xmin changes with each GRANT and REVOKE.
    shared = "SELECT xmin FROM pg_database WHERE datname = 'postgres'"
    before = ask(cluster, shared)
    inside = {"database": name, "owner": f"{name}_owner", "extensions": "[]"}
    psql.Postgres(cluster).query(files.sql("database_inside"), inside, database=name, exclusive=True)
    assert ask(cluster, shared) == before


def test_objects_that_a_login_creates_belong_to_the_owner(cluster: str, name: str) -> None:
    make(cluster, name)
    for number, login in enumerate((sql.login(name, "one"), migrating(name))):
        said = as_login(cluster, login, "one", name, f"CREATE TABLE t{number} (id int); SELECT current_user;")
        assert (said.out, said.ok) == (f"{name}_owner", True), said.error
    assert as_login(cluster, migrating(name), "one", name, EVERYTHING).ok
    assert owners(cluster, name) == {f"{name}_owner"}


def test_a_migrations_wait_for_a_lock_is_limited_and_an_apps_is_not(cluster: str, name: str) -> None:
    login = make(cluster, name)
    assert as_login(cluster, migrating(name), "one", name, "SHOW lock_timeout").out == "7s"
    assert as_login(cluster, login, "one", name, "SHOW lock_timeout").out == "0"
    longer = "SET lock_timeout = '1min'; SHOW lock_timeout"
    assert as_login(cluster, migrating(name), "one", name, longer).out == "1min"


@pytest.mark.parametrize("password", ODD)
def test_a_password_may_have_any_characters(cluster: str, name: str, password: str) -> None:
    login, electric = make(cluster, name, password), make_electric(cluster, name, password)
    for role in (login, migrating(name, password), electric):
        assert as_login(cluster, role, password, name, "SELECT 1").out == "1"
    assert not as_login(cluster, login, password + "x", name, "SELECT 1").ok


def test_the_logins_of_other_databases_cannot_connect(cluster: str, name: str) -> None:
    make(cluster, name)
    make_electric(cluster, name)
    stranger = make(cluster, f"{name}_b")
    electric = make_electric(cluster, f"{name}_b")
    for login, password in ((stranger, "one"), (migrating(f"{name}_b"), "one"), (electric, "two")):
        refused = as_login(cluster, login, password, name, "SELECT 1")
        assert "no pg_hba.conf entry" in refused.error
        assert ask(cluster, f"SELECT has_database_privilege('{login}', '{name}', 'CONNECT')") == "f"


def test_a_login_has_no_attribute_that_it_does_not_need(cluster: str, name: str) -> None:
    login, electric = make(cluster, name), make_electric(cluster, name)
    rights = "SELECT rolsuper, rolcreatedb, rolcreaterole, rolbypassrls, rolreplication FROM pg_roles WHERE rolname ="
    assert ask(cluster, f"{rights} '{login}'") == "f|f|f|f|f"
    assert ask(cluster, f"{rights} '{migrating(name)}'") == "f|f|f|f|f"
    assert ask(cluster, f"{rights} '{electric}'") == "f|f|f|f|t"
    assert (
        ask(cluster, f"SELECT bool_or(rolcanlogin) FROM pg_roles WHERE rolname IN ('{name}_owner', '{name}_electric')")
        == "f"
    )


def test_a_login_without_the_right_to_log_in_gets_it_again(cluster: str, name: str) -> None:
    login = make(cluster, name)
    ask(cluster, f"ALTER ROLE {login} NOLOGIN")
    make(cluster, name)
    assert as_login(cluster, login, "one", name, "SELECT 1").out == "1"


def test_electric_may_publish_replicate_and_read_the_owners_tables(cluster: str, name: str) -> None:
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
        removed = remove_electric(cluster, name)
        assert (removed.code, removed.out, removed.error) == (0, "", "")
    assert ask(cluster, f"SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{slot}'") == "0"
    assert ask(cluster, "SELECT count(*) FROM pg_publication", name) == "0"
    assert electric not in logins(cluster, name)
    assert login in logins(cluster, name)


@pytest.mark.parametrize(("right", "wrong"), [("PASSWORD %L", "PASWORD %L"), ("SELECT format", "SELEKT format")])
def test_a_statement_that_fails_shows_no_password(cluster: str, name: str, right: str, wrong: str) -> None:
    password = f"pw{name[6:]}"
    make(cluster, name)
    inputs = {"login": f"{name}_x", "password": password, "role": f"{name}_owner"}
    inputs |= {"connections": "1", "replication": "NOREPLICATION", "lock_timeout": ""}
    broken = files.sql("login").replace(right, wrong)
    with pytest.raises(psql.SqlError, match="ERROR") as caught:
        psql.Postgres(cluster).query(broken, inputs)
    by_hand(cluster, f"SELECT 'a marker of {name}'")
    for where in (str(caught.value), logs_until(cluster, f"a marker of {name}")):
        assert password[:8] not in where  # an excerpt is as bad


def test_no_password_is_in_the_servers_log_after_a_success(cluster: str, name: str) -> None:
    password = f"pw{name[6:]}"
    make(cluster, name, password)
    make_electric(cluster, name, password)
    by_hand(cluster, f"SELECT 'a marker of {name}'")
    logged = logs_until(cluster, f"a marker of {name}")
    assert password not in logged


def test_a_database_that_nobody_migrates_has_one_login(cluster: str, name: str) -> None:
    inputs = {"password": "one", "login": sql.login(name, "one"), "extensions": [], "fingerprints": {"login": "none"}}
    said = call("database", name, name, owner=sql.owner(name), connections=2, postgres=cluster, inputs=inputs)
    assert (said.code, said.out, said.error) == (0, "", "")
    assert logins(cluster, name) == {sql.login(name, "one")}
