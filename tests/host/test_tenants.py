"""A compromised service: what its login can do to PostgreSQL, now and at the next `up`."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from subprocess import DEVNULL

import pytest

from host import files
from host.psql import Postgres
from render import postgres
from tests.planted import BETTER_MATCHES, OBJECTS, TRAP
from tests.throwaway.box import Said, docker
from tests.throwaway.calling import call, fingerprints
from tests.throwaway.cluster import (
    CONNECTIONS,
    as_login,
    ask,
    by_hand,
    database,
    keep_logins,
    leave,
    logs_until,
    make,
    make_electric,
    migrating,
    remove_electric,
)
from tests.waiting import eventually

pytestmark = pytest.mark.docker

VIEW = "CREATE VIEW public.schema_migrations AS SELECT 1 AS version, public.trap();"
OWN_SETTINGS = """
ALTER DATABASE {name} SET search_path = public, pg_catalog;
ALTER DATABASE {name} SET role = '{name}_owner';
ALTER DATABASE {name} SET statement_timeout = '1ms';
ALTER DATABASE {name} SET standard_conforming_strings = off;
ALTER DATABASE {name} SET default_transaction_read_only = on;
ALTER DATABASE {name} SET idle_session_timeout = '1ms';
ALTER DATABASE {name} SET transaction_timeout = '1ms';
"""


def next_up(cluster: str, name: str, login: str) -> list[Said]:
    """Runs all queries of `up` in PostgreSQL for a service, and for a removed one."""
    said = [
        database(cluster, name, extensions=["citext"]),
        keep_logins(cluster, name, login, migrating(name), electric=make_electric(cluster, name)),
        remove_electric(cluster, name),
    ]
    for role in (login, migrating(name)):
        versions = Postgres(cluster).query(files.sql("migrate_versions"), database=name, user=role)
        assert versions == "1\n"
    said.append(leave(cluster, name))
    assert database(cluster, name, extensions=["citext"]).ok
    return said


@pytest.mark.parametrize("planted", [BETTER_MATCHES, OBJECTS, OWN_SETTINGS], ids=["matches", "objects", "settings"])
def test_no_code_that_an_app_plants_in_its_database_runs_as_the_superuser(
    cluster: str, name: str, planted: str
) -> None:
    login = make(cluster, name)
    said = as_login(cluster, login, "one", name, (TRAP + VIEW + planted).format(login=login, name=name))
    assert said.ok, said.error
    for each in next_up(cluster, name, login):
        assert each.ok, each.out
    assert ask(cluster, f"SELECT rolsuper FROM pg_roles WHERE rolname = '{login}'") == "f"


@pytest.mark.parametrize(
    "forbidden",
    [
        "CREATE EVENT TRIGGER t ON ddl_command_end EXECUTE FUNCTION public.trap()",
        "CREATE EXTENSION dblink",
        "CREATE EXTENSION file_fdw",
        "CREATE FUNCTION c() RETURNS int LANGUAGE c AS 'nothing'",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('.')",
        "ALTER SYSTEM SET log_statement = 'all'",
        "SET session_replication_role = replica",
        "SET temp_file_limit = -1",
        "SET log_min_messages = panic",
        "CREATE ROLE another",
        "CREATE DATABASE another",
        "CREATE PUBLICATION everything FOR ALL TABLES",
        "SELECT pg_create_physical_replication_slot('mine')",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "ALTER ROLE SESSION_USER CONNECTION LIMIT -1",
        "GRANT {other}_owner TO {name}_owner",
        "SET ROLE {other}_owner",
        "SET SESSION AUTHORIZATION postgres",
        "ALTER DATABASE {other} SET search_path = public",
        "REASSIGN OWNED BY {other}_owner TO {name}_owner",
    ],
)
def test_an_app_may_not(cluster: str, name: str, forbidden: str) -> None:
    login, other = make(cluster, name), f"{name}_b"
    make(cluster, other)
    said = as_login(cluster, login, "one", name, forbidden.format(name=name, other=other))
    assert not said.ok
    assert any(word in said.error for word in ("permission denied", "must be", "Only roles", "superuser")), said.error


@contextmanager
def sessions(cluster: str, count: int, login: str, database: str) -> Iterator[None]:
    """This many sessions of a login, until the end of the block."""
    url = f"host=127.0.0.1 user={login} dbname={database}"
    command = ["docker", "exec", "-e", "PGPASSWORD=one", cluster, "psql", "-X", url, "-c", "SELECT pg_sleep(1000)"]
    begun = [subprocess.Popen(command, stdout=DEVNULL, stderr=DEVNULL) for _ in range(count)]
    own = f"FROM pg_stat_activity WHERE usename = '{login}' AND query LIKE '%pg_sleep%'"
    try:
        eventually(lambda: ask(cluster, f"SELECT count(*) {own}") == str(count))
        yield
    finally:
        ask(cluster, f"SELECT pg_terminate_backend(pid) {own}")
        for each in begun:
            each.wait()


def test_an_app_can_neither_end_nor_see_another_services_sessions(cluster: str, name: str) -> None:
    login, other = make(cluster, name), make(cluster, f"{name}_b")
    with sessions(cluster, 1, other, f"{name}_b"):
        pid = ask(cluster, f"SELECT pid FROM pg_stat_activity WHERE usename = '{other}'")
        ended = as_login(cluster, login, "one", name, f"SELECT pg_terminate_backend({pid})")
        assert "permission denied" in ended.error
        seen = as_login(cluster, login, "one", name, f"SELECT query FROM pg_stat_activity WHERE pid = {pid}")
        assert seen.out == "<insufficient privilege>"


def test_an_app_that_opens_all_its_connections_does_not_block_others(cluster: str, name: str) -> None:
    login, other = make(cluster, name), make(cluster, f"{name}_b")
    with sessions(cluster, CONNECTIONS, login, name):
        assert "too many connections for role" in as_login(cluster, login, "one", name, "SELECT 1").error
        assert as_login(cluster, other, "one", f"{name}_b", "SELECT 1").out == "1"


def test_a_runaway_query_ends_before_the_disk_is_full(cluster: str, name: str) -> None:
    login, electric = make(cluster, name), make_electric(cluster, name)
    for role, password in ((login, "one"), (migrating(name), "one"), (electric, "two")):
        assert as_login(cluster, role, password, name, "SHOW temp_file_limit").out == "2GB"


def test_a_bound_value_is_not_in_the_log(cluster: str, name: str) -> None:
    said = as_login(cluster, make(cluster, name), "one", name, f"SELECT $1::text AS {name} \\bind 'of a person' \\g")
    assert said.out == "of a person"
    by_hand(cluster, f"SELECT 'a marker of {name}'")
    logged = logs_until(cluster, f"a marker of {name}")
    assert f"AS {name}" in logged
    assert "of a person" not in logged


def test_the_superuser_has_no_password_and_logs_in_over_the_socket_alone(cluster: str) -> None:
    assert ask(cluster, "SELECT rolpassword IS NULL FROM pg_authid WHERE rolname = 'postgres'") == "t"
    said = as_login(cluster, "postgres", "postgres", "postgres", "SELECT 1")
    assert "pg_hba.conf rejects connection" in said.error


def test_no_role_can_connect_to_a_foreign_database(cluster: str, name: str) -> None:
    login = make(cluster, name)
    ask(cluster, f"CREATE DATABASE {name}_open; CREATE ROLE {name}_guest LOGIN PASSWORD 'guest'")
    for other in ("postgres", "template1", f"{name}_open"):
        assert "pg_hba.conf" in as_login(cluster, login, "one", other, "SELECT 1").error
    assert "no pg_hba.conf entry" in as_login(cluster, f"{name}_guest", "guest", name, "SELECT 1").error


@pytest.mark.parametrize(
    ("hba", "reason"),
    [
        ("local all all peer map=platform\nhost all all nonsense\n", "PostgreSQL refuses the new pg_hba.conf"),
        ("host all all samenet trust\n", "the new pg_hba.conf refuses the platform itself"),
    ],
)
def test_rules_that_postgresql_refuses_or_that_lock_the_platform_out_are_reverted(
    cluster: str, hba: str, reason: str
) -> None:
    rules = (
        "SELECT string_agg(pg_read_file(current_setting(file)), '') FROM unnest('{hba_file,ident_file}'::text[]) file"
    )
    before = ask(cluster, rules)
    said = access(cluster, hba=hba, ident="")
    assert said.code == 1
    assert f"postgres: {reason}" in said.out
    assert said.out.endswith("; the old pg_hba.conf is back\n")
    eventually(lambda: ask(cluster, "SELECT 1") == "1")
    assert ask(cluster, rules) == before


def access(cluster: str, fingerprint: str = "none", **rules: str) -> Said:
    return call("pg-hba", cluster, inputs={**postgres.rules(), "fingerprint": fingerprint, **rules})


def test_a_failure_does_not_restore_the_rules_of_an_earlier_run(cluster: str) -> None:
    assert access(cluster, hba=f"# of another time\n{postgres.rules()['hba']}").ok
    assert access(cluster).ok
    assert not docker("exec", cluster, "sh", "-c", "ls /data/*.previous /data/*.new").ok


def test_a_postgresql_that_accepts_no_login_is_reported_with_what_to_do(cluster: str) -> None:
    def change(edit: str, accepts: bool) -> None:
        reload = "kill -HUP $(head -n 1 /data/postmaster.pid)"
        assert docker("exec", cluster, "sh", "-c", f"sed -i '{edit}' /data/pg_hba.conf && {reload}").ok
        eventually(lambda: docker("exec", cluster, "psql", "-U", "postgres", "-c", "SELECT 1").ok == accepts)

    change("1i local all postgres reject", accepts=False)
    said = access(cluster)
    change("1d", accepts=True)
    assert said.code == 1
    assert "begin pg_hba.conf with\n  local all postgres peer" in said.out


def test_a_missing_postgresql_is_not_one_with_wrong_rules() -> None:
    assert access("trial-nobody").out == "postgres: PostgreSQL does not answer; run up again\n"


def test_rules_that_were_changed_by_hand_are_detected(cluster: str) -> None:
    def mark() -> str | None:
        return fingerprints(postgres=cluster).get("access/platform")

    assert access(cluster, "ours").ok
    assert mark() == "ours"
    assert docker("exec", cluster, "sh", "-c", "echo '# mine' >> /data/pg_hba.conf").ok
    assert str(mark()).startswith("drift-")
    assert access(cluster, str(mark())).ok
    assert "# mine" not in docker("exec", cluster, "cat", "/data/pg_hba.conf").out
