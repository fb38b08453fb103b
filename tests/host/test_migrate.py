"""Migrations, in a container of the new image."""

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from host import docker as docker_client
from host import psql
from host.failure import Failure
from host.mask import Mask
from host.migrate import Migration
from render import environment, sql, verb
from tests.render.box import Boxes, Said, docker, on_host
from tests.render.cluster import as_login, ask, make
from tests.waiting import eventually

from .calling import PROGRAM


@pytest.fixture(autouse=True)
def _locks(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The lock of a migration is no file that stays."""
    monkeypatch.setenv("TMPDIR", str(tmp_path_factory.mktemp("locks")))


@pytest.fixture(scope="module")
def database(cluster: str) -> str:
    """One for all migrations here; the service is called like it."""
    make(cluster, "migrated")
    return "migrated"


def login() -> str:
    return sql.login(sql.migrating("migrated"), "one")


def line(boxes: Boxes, cluster: str, timeout_s: int = 60) -> str:
    container = f"{boxes.stack}-migrate"
    boxes.made.append(container)
    options: dict[str, str | int] = {"container": container, "postgres": cluster, "timeout": timeout_s}
    return verb.line("migrate", boxes.stack, "legal", "migrated", **options)


def told(
    boxes: Boxes,
    script: str,
    given: Mapping[str, str] | None = None,
    secrets: Sequence[str] = (),
    network: str = "none",
) -> dict[str, Any]:
    return {
        "image": boxes.image,
        "command": ["bash", "-c", script],
        "network": network,
        "memory_mb": 64,
        "environment": dict(given or {}),
        "login": login(),
        "secrets": list(secrets),
    }


def run(boxes: Boxes, cluster: str, told: dict[str, Any], timeout_s: int = 60) -> Said:
    return on_host(line(boxes, cluster, timeout_s), verb.told(told), interpreter=PROGRAM)


def migrate(boxes: Boxes, cluster: str, script: str, timeout_s: int = 60, **more: Any) -> Said:
    return run(boxes, cluster, told(boxes, script, **more), timeout_s)


def shown(said: Said) -> str:
    """What the migration itself has printed."""
    return "\n".join(row.removeprefix("    ") for row in said.out.splitlines() if row.startswith("    "))


@pytest.mark.docker
class TestInAContainer:
    """With a real container and a real PostgreSQL."""

    def test_a_migration_has_its_environment(self, boxes: Boxes, cluster: str, database: str) -> None:
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

    def test_no_name_in_the_environment_means_anything_to_the_step(
        self, boxes: Boxes, cluster: str, database: str
    ) -> None:
        names = ["name", "environment", "text", "TMPDIR", "TERM", "HOSTNAME", "IFS", "LINENO", "RANDOM", "PYTHONPATH"]
        given = {name: f"/no/such; {name}" for name in names}
        said = migrate(boxes, cluster, "tr '\\0' '|' < /proc/1/environ; true", given=given)
        assert said.ok, said.out
        pairs = shown(said).split("|")
        assert {f"{name}={value}" for name, value in given.items()} <= set(pairs)

    def test_what_a_migration_says_is_shown(self, boxes: Boxes, cluster: str, database: str) -> None:
        said = migrate(boxes, cluster, "echo '== Running'; echo '[warning] slow' >&2")
        assert sorted(shown(said).splitlines()) == ["== Running", "[warning] slow"]

    def test_a_failing_migration_fails_and_says_how_to_go_on(self, boxes: Boxes, cluster: str, database: str) -> None:
        said = migrate(boxes, cluster, "echo 'column exists' >&2; exit 7")
        assert said.code == 1
        assert said.out.splitlines()[1:] == [
            "    column exists",
            "legal/migrate: failed with exit code 7",
            "legal/migrate: applied before that: nothing. What served before still serves, on what was applied; "
            "mend the migration and run up again: it goes on from there",
        ]

    @pytest.mark.parametrize("on_term", ["exit 0", "exit 143", ""])
    def test_a_migration_that_takes_too_long_is_stopped(
        self, boxes: Boxes, cluster: str, database: str, on_term: str
    ) -> None:
        said = migrate(boxes, cluster, f"trap '{on_term}' TERM; while :; do sleep 0.05; done", timeout_s=1)
        assert said.code == 1
        assert "legal/migrate: stopped after 1 s; raise migrate_timeout_s if it needs longer\n" in said.out
        assert boxes.names() == set()

    def test_a_migration_that_takes_too_long_may_roll_back_and_say_so(
        self, boxes: Boxes, cluster: str, database: str
    ) -> None:
        script = "trap 'echo rolled back; exit 0' TERM; while :; do sleep 0.05; done"
        said = migrate(boxes, cluster, script, timeout_s=3)
        assert (said.code, shown(said)) == (1, "rolled back")

    def test_a_migration_leaves_no_container(self, boxes: Boxes, cluster: str, database: str) -> None:
        assert migrate(boxes, cluster, "true").ok
        assert boxes.names() == set()

    def test_one_that_a_killed_run_left_behind_is_removed_first(
        self, boxes: Boxes, cluster: str, database: str
    ) -> None:
        boxes.start("migrate")
        assert shown(migrate(boxes, cluster, "echo done")) == "done"

    def test_a_second_run_waits_for_the_first_but_not_for_ever(self, boxes: Boxes, cluster: str, database: str) -> None:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(migrate, boxes, cluster, "sleep 6")
            eventually(lambda: boxes.names() == {"migrate"})
            impatient = migrate(boxes, cluster, "true", timeout_s=1)
            patient = pool.submit(migrate, boxes, cluster, "true")
            assert (impatient.code, impatient.out) == (
                1,
                "legal/migrate: another migration runs still; run up again when it is done\n",
            )
        assert first.result().ok
        assert patient.result().ok

    def test_no_secret_is_in_a_command_line(self, boxes: Boxes, cluster: str, database: str) -> None:
        secret = "s3cr3t-" + boxes.stack
        script = "while [ ! -e /tmp/end ]; do sleep 0.05; done"
        step = [*PROGRAM, *line(boxes, cluster).split()]
        process = subprocess.Popen(step, stdin=subprocess.PIPE, text=True)
        assert process.stdin
        process.stdin.write(verb.told(told(boxes, script, {"DATABASE_URL": secret}, [secret])))
        process.stdin.close()
        eventually(lambda: docker("exec", f"{boxes.stack}-migrate", "true").ok)
        lines = [file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if readable(file)]
        assert [row for row in lines if f"{boxes.stack}-migrate".encode() in row]
        assert not [row for row in lines if secret.encode() in row]
        assert docker("exec", f"{boxes.stack}-migrate", "touch", "/tmp/end").ok
        assert process.wait(20) == 0

    def test_one_whose_caller_is_gone_comes_to_its_end(self, boxes: Boxes, cluster: str, database: str) -> None:
        step = [*PROGRAM, *line(boxes, cluster).split()]
        process = subprocess.Popen(step, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin
        marked = "psql -qc 'CREATE TABLE reached (id int)' \"$DATABASE_URL\""
        process.stdin.write(verb.told(on_database(boxes, cluster, f"sleep 2; {marked}")))
        process.stdin.close()
        eventually(lambda: docker("exec", f"{boxes.stack}-migrate", "true").ok)
        process.kill()
        eventually(lambda: ask(cluster, "SELECT to_regclass('public.reached')", database) == "public.reached")
        eventually(lambda: boxes.names() == set())
        ask(cluster, "DROP TABLE public.reached", database)

    def test_what_a_migration_says_hides_its_secrets_and_the_passwords_in_them(
        self, boxes: Boxes, cluster: str, database: str
    ) -> None:
        given = {"DATABASE_URL": "postgresql://legal:p%40ssw0rd@postgres/legal", "KEY": "k3y-of-ours", "PORT": "4000"}
        script = 'echo "$DATABASE_URL $KEY $PORT p%40ssw0rd p@ssw0rd"'
        said = migrate(boxes, cluster, script, given=given, secrets=environment.secret_values(given, ["KEY"]))
        assert shown(said) == "[secret] [secret] 4000 [secret] [secret]"

    def test_a_migration_says_what_it_applied_after_a_restore_point(
        self, boxes: Boxes, cluster: str, database: str
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

    def test_a_migration_that_fails_says_what_it_had_applied(self, boxes: Boxes, cluster: str, database: str) -> None:
        make_versions(cluster, database)
        try:
            said = migrate_database(boxes, cluster, f"{APPLY}; exit 3")
        finally:
            ask(cluster, "DROP TABLE public.schema_migrations", database)
        assert said.code == 1
        assert "legal/migrate: applied before that: 20240102000000. What served before still serves" in said.out

    def test_one_that_is_stopped_while_it_waits_for_a_lock_lets_everybody_else_on(
        self, boxes: Boxes, cluster: str, database: str
    ) -> None:
        script = "psql -c 'SET lock_timeout = 0' -c 'ALTER TABLE busy ADD COLUMN n int' \"$DATABASE_URL\""
        with locked(cluster, database, 15):
            said = migrate_database(boxes, cluster, script, timeout_s=2)
            assert "legal/migrate: stopped after 2 s" in said.out
            assert ask(cluster, f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{login()}'") == "0"
            read = "SET lock_timeout = '1s'; SELECT count(*) FROM busy"
            assert as_login(cluster, sql.login(database, "one"), "one", database, read).out == "0"

    def test_one_that_waits_for_a_lock_too_long_fails_and_says_where_to_look(
        self, boxes: Boxes, cluster: str, database: str
    ) -> None:
        ask(cluster, f"ALTER ROLE {login()} SET lock_timeout = '500ms'")
        with locked(cluster, database, 8):
            said = migrate_database(boxes, cluster, "psql -c 'ALTER TABLE busy ADD COLUMN n int' \"$DATABASE_URL\"")
        assert "    ERROR:  canceling statement due to lock timeout" in said.out
        assert "legal/migrate: another session held for longer than migrate_lock_timeout_s what it needs" in said.out

    def test_without_postgres_no_migration_begins(self, boxes: Boxes) -> None:
        said = migrate(boxes, "trial-nobody", "true")
        assert (said.code, said.out) == (
            1,
            "legal/migrate: PostgreSQL does not answer; nothing was touched: run up again\n",
        )


APPLY = 'psql -qc "INSERT INTO schema_migrations VALUES (20240102000000)" "$DATABASE_URL"'


def make_versions(cluster: str, database: str) -> None:
    text = "CREATE TABLE schema_migrations (version bigint); INSERT INTO schema_migrations VALUES (20240101000000)"
    assert as_login(cluster, sql.login(database, "one"), "one", database, text).ok


def on_database(boxes: Boxes, cluster: str, script: str) -> dict[str, Any]:
    """What a migration is told that reaches the cluster."""
    given = {"DATABASE_URL": environment.postgres_url(login(), "one", "migrated")}
    return told(boxes, script, given, network=cluster.removesuffix("-postgres"))


def migrate_database(boxes: Boxes, cluster: str, script: str, timeout_s: int = 60) -> Said:
    return run(boxes, cluster, on_database(boxes, cluster, script), timeout_s)


@contextmanager
def locked(cluster: str, database: str, seconds: int) -> Iterator[None]:
    """The app reads a table for so long, and a migration that changes it has to wait; at the end the app is done."""
    app = sql.login(database, "one")
    assert as_login(cluster, app, "one", database, "CREATE TABLE IF NOT EXISTS busy (id int)").ok
    text = f"BEGIN; LOCK busy IN ACCESS SHARE MODE; SELECT pg_sleep({seconds}); COMMIT"
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    with ThreadPoolExecutor(1) as pool:
        reads = pool.submit(as_login, cluster, app, "one", database, text)
        eventually(lambda: ask(cluster, waiting) == "1")
        yield
        assert reads.result().ok, reads.result().error


def readable(file: Path) -> bool:
    try:
        file.read_bytes()
    except OSError:
        return False
    return True


class Client:
    """The Docker client of a migration that prints lines and ends with a code, or only once its container is gone."""

    def __init__(self, code: int | None, lines: Sequence[str] = ()) -> None:
        self.code, self.stdout, self.killed = code, list(lines), False

    def wait(self, timeout_s: float | None = None) -> int:
        if self.code is None and not self.killed:
            raise subprocess.TimeoutExpired("docker", timeout_s or 0)
        return self.code or 0

    def kill(self) -> None:
        self.killed = True


class Host:
    """What Docker and PostgreSQL do; `log` says in which order they were asked."""

    def __init__(self, client: Client) -> None:
        self.client, self.log, self.words = client, list[str](), list[str]()
        self.environment: Mapping[str, str] = {}
        self.stays = False
        self.remaining = ""
        self.versions = ["1", "1\n2\n3"]
        self.silent_at = ""

    def begin(self, *words: str, environment: Mapping[str, str]) -> Client:
        self.log.append("migrates")
        self.words, self.environment = list(words), environment
        return self.client

    def stop(self, containers: Sequence[str], grace_s: int) -> None:
        self.log.append("stops")

    def remove(self, container: str) -> bool:
        self.log.append("removes")
        return True

    def is_there(self, container: str) -> bool:
        return self.stays

    def ask(self, postgres: psql.Postgres, sql: str, *_: Any, user: str = "postgres", **__: Any) -> str:
        step = "point" if "restore_point" in sql else "ends" if "terminate" in sql else f"versions as {user}"
        self.log.append(step)
        if step.startswith(self.silent_at or "-") and (step == "point" or "migrates" in self.log):
            raise psql.Unreachable("psql: error: connection refused")
        if step == "ends":
            return self.remaining if "migrates" in self.log else ""
        return self.versions.pop(0) if step.startswith("versions") else ""


def begin(monkeypatch: pytest.MonkeyPatch, client: Client) -> tuple[Host, Migration]:
    host = Host(client)
    for name in ("begin", "stop", "remove", "is_there"):
        monkeypatch.setattr(docker_client, name, getattr(host, name))
    monkeypatch.setattr(psql.Postgres, "ask", lambda *words, **options: host.ask(*words, **options))
    migration = Migration(
        stack="trial",
        service="legal",
        container="trial-legal-migrate",
        image="image@sha256:a",
        command=["/bin/app", "eval", 'IO.puts("it\'s $HOME")', ""],
        network="trial",
        memory_mb=64,
        environment={"B": "s3cr3t", "A": ""},
        database="legal_prod",
        login="legal_prod_migrate_1",
        postgres=psql.Postgres("postgres"),
        timeout_s=5,
        mask=Mask(["s3cr3t"]),
    )
    return host, migration


def failure(migration: Migration) -> list[str]:
    with pytest.raises(Failure) as caught:
        migration.run()
    return str(caught.value).splitlines()


STILL = (
    "What served before still serves, on what was applied; mend the migration and run up again: it goes on from there"
)


def test_what_an_interrupted_run_left_ends_before_the_restore_point_and_the_migration_after_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host, migration = begin(monkeypatch, Client(0, ["with s3cr3t\n"]))
    migration.run()
    versions = "versions as legal_prod_migrate_1"
    assert host.log == ["removes", "ends", versions, "point", "migrates", versions]
    point, line, applied = capsys.readouterr().out.splitlines()
    assert point.startswith("legal/migrate: restore point legal-")
    assert (line, applied) == ("    with [secret]", "legal/migrate: applied 2 3")


def test_its_words_are_no_shells_and_hold_the_names_of_its_environment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(0))
    migration.run()
    assert (
        host.words[-9:]
        == [
            *("-e", "A", "-e", "B", "--entrypoint", "/bin/app"),
            *("image@sha256:a", "eval", 'IO.puts("it\'s $HOME")', ""),
        ][-9:]
    )
    assert host.words[:4] == ["run", "--rm", "--name", "trial-legal-migrate"]
    assert {"no-new-privileges", "64m", "sertantai.part=migrate"} <= set(host.words)
    assert "s3cr3t" not in " ".join(host.words)
    assert host.environment["B"] == "s3cr3t"
    assert host.environment["PATH"]


def test_one_that_fails_leaves_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(3))
    assert failure(migration) == [
        "legal/migrate: failed with exit code 3",
        f"legal/migrate: applied before that: 2 3. {STILL}",
    ]
    assert host.log[-2:] == ["ends", "versions as legal_prod_migrate_1"]


def test_one_that_takes_too_long_is_told_to_stop_before_it_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(None))
    host.stays = True
    assert failure(migration)[0] == "legal/migrate: stopped after 5 s; raise migrate_timeout_s if it needs longer"
    assert host.log[4:] == ["migrates", "stops", "removes", "ends", "versions as legal_prod_migrate_1"]
    assert host.client.killed


def test_one_that_docker_has_lost_sight_of_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(1))
    host.stays = True
    assert failure(migration)[0].startswith("legal/migrate: stopped")
    assert "removes" in host.log[4:]


def test_a_session_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(1))
    host.remaining = "17\n18\n"
    assert failure(migration)[1] == (
        "legal/migrate: its sessions in PostgreSQL do not end (pid 17, 18); end them, then run up again"
    )


def test_one_whose_postgresql_goes_meanwhile_says_that_nobody_knows_what_is_applied(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host, migration = begin(monkeypatch, Client(1))
    host.silent_at = "versions"
    assert "nobody knows what, since PostgreSQL does not answer" in failure(migration)[-1]


def test_without_a_restore_point_nothing_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(0))
    host.silent_at = "point"
    assert failure(migration) == ["legal/migrate: PostgreSQL does not answer; nothing was touched: run up again"]
    assert "migrates" not in host.log


def test_a_lock_that_it_did_not_get_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    _, migration = begin(monkeypatch, Client(1, ["** (Postgrex.Error) canceling statement due to lock timeout\n"]))
    assert failure(migration)[1].startswith(
        "legal/migrate: another session held for longer than migrate_lock_timeout_s"
    )


def test_what_an_app_calls_its_versions_makes_no_line_too_long_for_the_provider(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host, migration = begin(monkeypatch, Client(0))
    host.versions = ["", "\n".join(str(number) for number in range(100_000))]
    migration.run()
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) < 5000
