"""The role of backups, in a real cluster: it reads everything and changes nothing."""

import pytest

from render import postgres
from settings import BACKUP_ROLE
from tests.throwaway.box import Boxes, Said, docker
from tests.throwaway.calling import call, fingerprints
from tests.throwaway.cluster import as_login, ask, make

pytestmark = pytest.mark.docker


def role(cluster: str, password: str = "secret", fingerprint: str = "mark") -> None:
    inputs = {"password": password, "fingerprint": fingerprint}
    said = call("backup-role", BACKUP_ROLE, postgres=cluster, inputs=inputs)
    assert (said.code, said.out, said.error) == (0, "", "")


def access(cluster: str, subnet: str | None) -> None:
    said = call("pg-hba", cluster, inputs={**postgres.rules(subnet), "fingerprint": "mark"})
    assert (said.code, said.out, said.error) == (0, "", "")


def reads(cluster: str, database: str, text: str, password: str = "secret") -> Said:
    return as_login(cluster, BACKUP_ROLE, password, database, text)


def test_it_reads_every_database_also_one_that_is_created_later(cluster: str, name: str) -> None:
    access(cluster, "127.0.0.0/24")
    for order in ("before", "after"):
        if order == "after":
            role(cluster)
        make(cluster, f"{name}_{order}")
    for order in ("before", "after"):
        ask(cluster, "CREATE TABLE public.private AS SELECT 7 AS n", f"{name}_{order}")
        said = reads(cluster, f"{name}_{order}", "SELECT n FROM private")
        assert (said.ok, said.out) == (True, "7"), said.error
        assert not reads(cluster, f"{name}_{order}", "UPDATE private SET n = 8").ok


def test_it_may_do_what_a_backup_needs_and_no_more(cluster: str) -> None:
    access(cluster, "127.0.0.0/24")
    role(cluster)
    allowed = "CHECKPOINT; SELECT pg_backup_start('trial', true); SELECT lsn IS NOT NULL FROM pg_backup_stop(false);"
    said = reads(
        cluster, "postgres", f"{allowed} SELECT pg_create_restore_point('trial') IS NOT NULL; SELECT pg_switch_wal();"
    )
    assert said.ok, said.error
    for refused in (
        "CREATE ROLE other",
        "CREATE DATABASE other",
        "SELECT pg_read_file('PG_VERSION')",
        "SET ROLE postgres",
    ):
        assert not reads(cluster, "postgres", refused).ok, refused
    assert ask(cluster, f"SELECT rolsuper FROM pg_roles WHERE rolname = '{BACKUP_ROLE}'") == "f"


def test_it_logs_in_from_its_own_subnet_alone(cluster: str) -> None:
    role(cluster)
    access(cluster, "127.0.0.0/24")
    assert reads(cluster, "postgres", "SELECT 1").ok
    for subnet in ("172.30.254.0/24", None):
        access(cluster, subnet)
        assert not reads(cluster, "postgres", "SELECT 1").ok, subnet


def test_a_new_password_replaces_the_old_one(cluster: str) -> None:
    access(cluster, "127.0.0.0/24")
    role(cluster, "one")
    role(cluster, "two")
    assert reads(cluster, "postgres", "SELECT 1", "two").ok
    assert not reads(cluster, "postgres", "SELECT 1", "one").ok


def test_a_dropped_role_is_seen(cluster: str) -> None:
    role(cluster, fingerprint="mark")
    assert fingerprints(postgres=cluster)["login/backup"] == "mark"
    dropped = f"DROP OWNED BY {BACKUP_ROLE}; DROP ROLE {BACKUP_ROLE}"
    databases = ask(cluster, "SELECT datname FROM pg_database WHERE datallowconn").split()
    for database in databases:
        ask(cluster, f"DROP OWNED BY {BACKUP_ROLE}", database)
    ask(cluster, dropped)
    assert fingerprints(postgres=cluster)["login/backup"].startswith("drift-")


def test_without_postgresql_the_error_says_what_to_do(boxes: Boxes) -> None:
    said = call("backup-role", BACKUP_ROLE, postgres=f"{boxes.stack}-none", inputs={"password": "p", "fingerprint": ""})
    assert said.out == "backup: PostgreSQL does not answer; run up again\n"
    assert docker("ps").ok
