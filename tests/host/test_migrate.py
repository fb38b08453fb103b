"""Migrations, in a container of the new image."""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from render import environment, sql, verb
from tests.throwaway.box import Boxes, docker
from tests.throwaway.calling import PROGRAM
from tests.throwaway.cluster import as_login, ask, make
from tests.waiting import eventually

from .migrating import inputs, line, locked, login, migrate, migrate_database, on_database, shown

pytestmark = pytest.mark.docker


@pytest.fixture(autouse=True)
def _locks(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The lock of a migration leaves no file."""
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("locks")))


@pytest.fixture(scope="module")
def database(cluster: str) -> str:
    """One database for all migrations here; the service has the same name."""
    make(cluster, "migrated")
    return "migrated"


UNTIL_END = "until [ -e /tmp/end ]; do sleep 0.05; done"
LIMIT_S = 10
APPLY = 'psql -qc "INSERT INTO schema_migrations VALUES (20240102000000)" "$DATABASE_URL"'


def make_versions(cluster: str, database: str) -> None:
    text = "CREATE TABLE schema_migrations (version bigint); INSERT INTO schema_migrations VALUES (20240101000000)"
    assert as_login(cluster, sql.login(database, "one"), "one", database, text).ok


def command_line(process: Path) -> bytes:
    """Returns nothing if the process has ended since it was listed."""
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


def end(boxes: Boxes, container: str = "migrate") -> None:
    """Lets a waiting migration continue."""
    assert docker("exec", f"{boxes.stack}-{container}", "touch", "/tmp/end").ok


def test_a_migration_has_its_environment(boxes: Boxes, cluster: str, database: str) -> None:
    given = {
        "DATABASE_URL": "postgresql://legal:p%40ss@postgres/legal",
        "ODD": """two
lines, 'single', "double", $HOME, `id`, \\n and é""",
        "EMPTY": "",
        "TRAILING": "newline\n",
    }
    script = 'for v in DATABASE_URL ODD EMPTY TRAILING; do printf "%s|" "${!v}"; done'
    said = migrate(boxes, cluster, script, given=given)
    assert said.ok, said.out
    assert shown(said) == "".join(f"{value}|" for value in given.values())


def test_no_variable_of_the_environment_changes_the_step(boxes: Boxes, cluster: str, database: str) -> None:
    names = ["name", "environment", "text", "TMPDIR", "TERM", "HOSTNAME", "IFS", "LINENO", "RANDOM", "PYTHONPATH"]
    given = {name: f"/no/such; {name}" for name in names}
    said = migrate(boxes, cluster, "tr '\\0' '|' < /proc/1/environ; true", given=given)
    assert said.ok, said.out
    pairs = shown(said).split("|")
    assert {f"{name}={value}" for name, value in given.items()} <= set(pairs)


def test_a_migrations_output_is_shown(boxes: Boxes, cluster: str, database: str) -> None:
    said = migrate(boxes, cluster, "echo '== Running'; echo '[warning] slow' >&2")
    assert sorted(shown(said).splitlines()) == ["== Running", "[warning] slow"]


def test_a_failing_migration_is_reported_with_what_to_do(boxes: Boxes, cluster: str, database: str) -> None:
    said = migrate(boxes, cluster, "echo 'column exists' >&2; exit 7")
    assert said.code == 1
    assert said.out.splitlines()[1:] == [
        "    column exists",
        "legal/migrate: failed with exit code 7",
        "legal/migrate: applied before that: nothing. What served before still serves, on the changed schema; "
        "fix the migration and run up again: it continues from there",
    ]


@pytest.mark.parametrize("on_term", ["exit 0", "exit 143", ""])
def test_a_migration_that_takes_too_long_is_stopped(boxes: Boxes, cluster: str, database: str, on_term: str) -> None:
    said = migrate(boxes, cluster, f"trap '{on_term}' TERM; while :; do sleep 0.05; done", timeout_s=1)
    assert said.code == 1
    assert "legal/migrate: stopped after 1 s; raise migrate_timeout_s if it needs longer\n" in said.out
    assert boxes.names() == set()


def test_a_migration_that_takes_too_long_can_roll_back_and_report_it(boxes: Boxes, cluster: str, database: str) -> None:
    script = "trap 'echo rolled back; exit 0' TERM; while :; do sleep 0.05; done"
    said = migrate(boxes, cluster, script, timeout_s=8)  # also a busy machine has started the container then
    assert (said.code, shown(said)) == (1, "rolled back")


def test_a_migration_leaves_no_container(boxes: Boxes, cluster: str, database: str) -> None:
    assert migrate(boxes, cluster, "true").ok
    assert boxes.names() == set()


def test_the_container_of_a_killed_run_is_removed_first(boxes: Boxes, cluster: str, database: str) -> None:
    boxes.start("migrate")
    assert shown(migrate(boxes, cluster, "echo done")) == "done"


def test_a_second_run_waits_for_the_first_but_not_forever(boxes: Boxes, cluster: str, database: str) -> None:
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(migrate, boxes, cluster, UNTIL_END, timeout_s=300)
        eventually(lambda: docker("exec", f"{boxes.stack}-migrate", "true").ok)
        impatient = migrate(boxes, cluster, "true", timeout_s=1)
        patient = pool.submit(migrate, boxes, cluster, "true", timeout_s=300)
        time.sleep(1)  # it waits already, unless the machine is busy
        end(boxes)
        assert (impatient.code, impatient.out) == (
            1,
            "legal/migrate: another migration is still running; run up again when it is done\n",
        )
    assert first.result().ok
    assert patient.result().ok


def test_no_secret_is_in_a_command_line(boxes: Boxes, cluster: str, database: str) -> None:
    secret = "s3cr3t-" + boxes.stack
    step = [*PROGRAM, *line(boxes, cluster).split()]
    process = subprocess.Popen(step, stdin=subprocess.PIPE, text=True)
    assert process.stdin
    process.stdin.write(verb.stdin(inputs(boxes, UNTIL_END, {"DATABASE_URL": secret}, [secret])))
    process.stdin.close()
    eventually(lambda: docker("exec", f"{boxes.stack}-migrate", "true").ok)
    lines = [command_line(process) for process in Path("/proc").glob("[0-9]*")]
    assert [row for row in lines if f"{boxes.stack}-migrate".encode() in row]
    assert not [row for row in lines if secret.encode() in row]
    end(boxes)
    assert process.wait(300) == 0


def test_a_migration_without_its_caller_completes(boxes: Boxes, cluster: str, database: str) -> None:
    step = [*PROGRAM, *line(boxes, cluster).split()]
    process = subprocess.Popen(step, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin
    marked = "psql -qc 'CREATE TABLE reached (id int)' \"$DATABASE_URL\""
    process.stdin.write(verb.stdin(on_database(boxes, cluster, f"{UNTIL_END}; {marked}")))
    process.stdin.close()
    eventually(lambda: docker("exec", f"{boxes.stack}-migrate", "true").ok)
    process.kill()
    end(boxes)
    eventually(lambda: ask(cluster, "SELECT to_regclass('public.reached')", database) == "public.reached")
    eventually(lambda: boxes.names() == set())
    ask(cluster, "DROP TABLE public.reached", database)


def test_a_migrations_output_hides_its_secrets_and_the_passwords_in_them(
    boxes: Boxes, cluster: str, database: str
) -> None:
    given = {"DATABASE_URL": "postgresql://legal:p%40ssw0rd@postgres/legal", "KEY": "k3y-of-ours", "PORT": "4000"}
    script = 'echo "$DATABASE_URL $KEY $PORT p%40ssw0rd p@ssw0rd"'
    said = migrate(boxes, cluster, script, given=given, secrets=environment.secret_values(given, ["KEY"]))
    assert shown(said) == "[secret] [secret] 4000 [secret] [secret]"


def test_a_migration_creates_a_restore_point_and_reports_the_applied_versions(
    boxes: Boxes, cluster: str, database: str
) -> None:
    make_versions(cluster, database)
    try:
        said = migrate_database(boxes, cluster, APPLY)
        first, *_, last = said.out.splitlines()
        assert first.startswith("legal/migrate: restore point legal-20")
        assert last == "legal/migrate: applied 20240102000000"
        assert f'restore point "{first.rpartition(" ")[2]}"' in docker("logs", cluster).error
        again = migrate_database(boxes, cluster, "true")
        assert again.out.splitlines()[-1] == "legal/migrate: applied nothing new"
    finally:
        ask(cluster, "DROP TABLE public.schema_migrations", database)


def test_a_failed_migration_reports_the_applied_versions(boxes: Boxes, cluster: str, database: str) -> None:
    make_versions(cluster, database)
    try:
        said = migrate_database(boxes, cluster, f"{APPLY}; exit 3")
    finally:
        ask(cluster, "DROP TABLE public.schema_migrations", database)
    assert said.code == 1
    assert "legal/migrate: applied before that: 20240102000000. What served before still serves" in said.out


def test_a_migration_that_is_stopped_while_it_waits_for_a_lock_blocks_nobody(
    boxes: Boxes, cluster: str, database: str
) -> None:
    script = "psql -c 'SET lock_timeout = 0' -c 'ALTER TABLE busy ADD COLUMN n int' \"$DATABASE_URL\""
    with locked(cluster, database):
        said = migrate_database(boxes, cluster, script, timeout_s=2)
        assert "legal/migrate: stopped after 2 s" in said.out
        assert ask(cluster, f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{login()}'") == "0"
        read = "SET lock_timeout = '1s'; SELECT count(*) FROM busy"
        assert as_login(cluster, sql.login(database, "one"), "one", database, read).out == "0"


def test_a_migration_that_waits_for_a_lock_too_long_fails_with_what_to_look_at(
    boxes: Boxes, cluster: str, database: str
) -> None:
    ask(cluster, f"ALTER ROLE {login()} SET lock_timeout = '500ms'")
    with locked(cluster, database):
        said = migrate_database(boxes, cluster, "psql -c 'ALTER TABLE busy ADD COLUMN n int' \"$DATABASE_URL\"")
    assert "    ERROR:  canceling statement due to lock timeout" in said.out
    assert "legal/migrate: another session had a lock for longer than migrate_lock_timeout_s" in said.out


def test_without_postgres_no_migration_begins(boxes: Boxes) -> None:
    said = migrate(boxes, "trial-nobody", "true")
    assert (said.code, said.out) == (
        1,
        "legal/migrate: PostgreSQL does not answer; nothing was touched: run up again\n",
    )


def test_a_migration_of_another_service_on_the_same_database_waits_for_its_end(
    boxes: Boxes, cluster: str, database: str
) -> None:
    container = f"{boxes.stack}-other"
    boxes.made.append(container)
    options: dict[str, str | int] = {"container": container, "postgres": cluster, "timeout": LIMIT_S}
    other = verb.line("migrate", boxes.stack, "compliance", "migrated", **options)
    order = 'psql -qc "INSERT INTO turns VALUES (clock_timestamp(), \'%s\')" "$DATABASE_URL"'
    table = "CREATE TABLE turns (at timestamptz, who text)"
    assert as_login(cluster, sql.login(database, "one"), "one", database, table).ok
    with ThreadPoolExecutor(2) as pool:
        script = f"{order % 'legal begins'}; {UNTIL_END}; {order % 'legal ends'}"
        first = pool.submit(migrate_database, boxes, cluster, script, timeout_s=300)
        eventually(lambda: docker("exec", f"{boxes.stack}-migrate", "true").ok)
        second = subprocess.Popen([*PROGRAM, other], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert second.stdin
        assert second.stdout
        second.stdin.write(verb.stdin(on_database(boxes, cluster, order % "compliance")))
        second.stdin.close()
        waits = second.stdout.readline()
        time.sleep(LIMIT_S + 1)  # however long: its own limit begins later
        end(boxes)
        said = second.stdout.read()
    assert first.result().ok, first.result().out
    assert waits == "compliance/migrate: waits for another service's migration of migrated to end\n"
    assert second.wait() == 0, said
    turns = ask(cluster, "SELECT who FROM public.turns ORDER BY at", database).splitlines()
    assert turns == ["legal begins", "legal ends", "compliance"]
