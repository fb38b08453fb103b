"""The restore test, with a real PostgreSQL under load and real pgBackRest."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.throwaway.backups import Backups
from tests.throwaway.box import docker
from tests.waiting import eventually

pytestmark = pytest.mark.docker

TABLES = """
CREATE EXTENSION citext SCHEMA public;
CREATE TABLE public.t (t int PRIMARY KEY, x int, text citext, at timestamptz DEFAULT now());
INSERT INTO t SELECT n, n, 'row ' || n FROM generate_series(1, 20000) n;
CREATE TABLE secret (id int, owner text);
INSERT INTO secret VALUES (1, 'nobody'), (2, 'nobody');
ALTER TABLE secret ENABLE ROW LEVEL SECURITY;
ALTER TABLE secret FORCE ROW LEVEL SECURITY;
CREATE SCHEMA "Odd one";
CREATE TABLE "Odd one"."it's ""odd" ("a b" bytea, f float8);
INSERT INTO "Odd one"."it's ""odd" SELECT decode(md5(n::text), 'hex'), n / 3.0 FROM generate_series(1, 100) n;
CREATE TABLE parts (id int) PARTITION BY LIST (id);
CREATE TABLE part PARTITION OF parts DEFAULT;
INSERT INTO parts VALUES (1), (2);
CREATE MATERIALIZED VIEW view AS SELECT count(*) FROM t;
CREATE UNLOGGED TABLE cache AS SELECT 1;
CREATE TABLE churn AS SELECT 1 AS n;
CREATE TABLE dropped AS SELECT 1 AS n;
"""
# Commits all the time, and does what a checksum at a wrong moment, or a blocked one, would not survive.
LOAD = """
while [ ! -e /tmp/enough ]; do
psql -Xq -h /tmp -U postgres -d legal <<'SQL'
UPDATE t SET x = x + 1 WHERE t % 7 = (random() * 6)::int;
INSERT INTO part SELECT generate_series(1, 10);
BEGIN; TRUNCATE churn; INSERT INTO churn SELECT generate_series(1, (random() * 50)::int); COMMIT;
BEGIN; DROP TABLE dropped; SELECT pg_sleep(0.1); ROLLBACK;
REFRESH MATERIALIZED VIEW view;
DELETE FROM part WHERE random() < 0.1;
SQL
done
"""
RUNS = "grep -lsa '^postgres' /proc/*/cmdline"
"""Succeeds if a PostgreSQL runs in the backup container."""


@pytest.fixture(scope="module")
def backups(make: Callable[..., Backups]) -> Backups:
    backups = make()
    for name in ("legal", "auth"):
        backups.sql(f"CREATE DATABASE {name}")
        backups.sql(TABLES, name)
    backups.sql("ALTER DATABASE legal SET timezone = 'Asia/Tokyo'; ALTER DATABASE legal SET datestyle = 'German'")
    assert backups.call("check").ok
    backups.answer("turn")
    return backups


def outcomes(verify: dict[str, Any]) -> dict[str, str]:
    return {name: each["result"] for name, each in verify["databases"].items()}


def is_clear(backups: Backups) -> bool:
    """Whether nothing of a scratch cluster is left, neither files nor processes."""
    return backups.bash(f"ls -d /var/lib/backup/scratch 2>/dev/null; {RUNS} || true") == ""


def only(backups: Backups, *names: str) -> None:
    """Tests these databases and `postgres` alone, which takes less time: nobody may connect to the others."""
    for name in ("legal", "auth"):
        backups.sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS {name in names}")


def test_every_database_is_equal_at_its_exact_moment_while_it_is_written(backups: Backups) -> None:
    docker("exec", "-d", backups.postgres, "bash", "-c", LOAD)
    try:
        verify = backups.answer("verify")
    finally:
        docker("exec", backups.postgres, "touch", "/tmp/enough")
    assert (verify["result"], verify["error"]) == ("good", "")
    assert outcomes(verify) == {"auth": "good", "legal": "good", "postgres": "good"}
    auth = verify["databases"]["auth"]
    assert (auth["rows"], auth["tables"], auth["skipped"]) == (20_000 + 2 + 100 + 2 + 1 + 1 + 1, 7, [])
    assert set(verify["databases"]["legal"]["skipped"]) <= {"public.churn", "public.view", "public.dropped"}
    assert is_clear(backups)


@pytest.mark.faults
def test_a_database_that_is_newer_than_the_backup_is_compared_too(backups: Backups) -> None:
    only(backups, "newer")
    backups.sql("CREATE DATABASE newer")
    backups.sql("CREATE TABLE one AS SELECT generate_series(1, 10)", "newer")
    verify = backups.answer("verify")
    assert outcomes(verify)["newer"] == "good"
    assert verify["databases"]["newer"]["rows"] == 10
    backups.sql("DROP DATABASE newer")


@pytest.mark.faults
def test_the_scratch_cluster_of_a_killed_test_is_removed_by_the_next_turn(backups: Backups) -> None:
    only(backups, "legal")
    docker("exec", "-d", backups.container, "python3", "-m", "host.backup", "verify")
    eventually(lambda: backups.execute(backups.container, "bash", "-c", RUNS).ok)
    assert backups.status()["verify"]["result"] == "running"
    killed = backups.bash("pkill -KILL -f '[h]ost.backup verify'; sleep 0.5; ls -d /var/lib/backup/scratch")
    assert killed == "/var/lib/backup/scratch"
    status = backups.status()
    assert status["verify"]["result"] == "bad"
    assert "interrupted" in status["problems"][0]
    backups.answer("turn")
    assert is_clear(backups)


def test_a_difference_is_loud(backups: Backups) -> None:
    """A byte of the live table changes on the disk, so the backup and the WAL do not have it."""
    only(backups, "legal")
    backups.sql("CREATE TABLE victim AS SELECT 'AAAA0000AAAA' AS text; CHECKPOINT", "legal")
    assert backups.call("backup").ok
    file = backups.sql("SELECT pg_relation_filepath('victim')", "legal")
    backups.at_rest(f"pg_checksums --disable -D . >/dev/null; sed -i s/AAAA0000AAAA/AAAA1111AAAA/ {file}")
    assert backups.sql("SELECT text FROM victim", "legal") == "AAAA1111AAAA"
    verify = backups.answer("verify")
    assert verify["result"] == "bad"
    assert verify["error"] == "legal: public.victim has other rows (1)"
    backups.answer("turn")
    said = backups.call("health")
    assert (said.code, said.error) == (1, "backup/verify: the restore test failed: " + verify["error"] + "\n")
    assert is_clear(backups)


@pytest.mark.faults
def test_a_damaged_index_is_loud(backups: Backups) -> None:
    """The rows are the same, and the index lacks order: amcheck finds it."""
    only(backups, "legal")
    backups.sql("DROP TABLE IF EXISTS victim; CREATE TABLE ordered AS SELECT n FROM generate_series(1, 500) n", "legal")
    backups.sql("CREATE INDEX ordered_n ON ordered (n); CHECKPOINT", "legal")
    file = backups.sql("SELECT pg_relation_filepath('ordered_n')", "legal")
    # Exchanges the first two index entries of the second page, which is the first leaf or the root.
    exchange = "f.seek(8216); a = f.read(8); f.seek(8216); f.write(a[4:] + a[:4])"
    write = f"python3 -c \"f = open('{file}', 'r+b'); {exchange}\""
    backups.at_rest(f"pg_checksums --disable -D . >/dev/null || true; {write}")
    assert backups.call("backup", "full").ok
    verify = backups.answer("verify")
    assert outcomes(verify)["legal"] == "bad"
    assert "pg_amcheck" in verify["databases"]["legal"]["error"]
