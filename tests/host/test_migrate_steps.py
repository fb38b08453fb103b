"""Migrations without Docker: their calls, the order of the calls, and the message of each possible end."""

import argparse
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from host import backups, boot_migrations, migrate, psql
from host import docker as docker_client
from host.failure import Failure
from host.mask import Mask
from host.migrate import Migration


class Client:
    """The Docker client of a migration that prints lines and exits with a code, or only once its container is gone."""

    def __init__(self, code: int | None, lines: Sequence[str] = ()) -> None:
        self.code, self.stdout, self.killed = code, list(lines), False

    def wait(self, timeout_s: float | None = None) -> int:
        if self.code is None and not self.killed:
            raise subprocess.TimeoutExpired("docker", timeout_s or 0)
        return self.code or 0

    def kill(self) -> None:
        self.killed = True


class Host:
    """What Docker and PostgreSQL do. `log` has their calls in order."""

    def __init__(self, client: Client) -> None:
        self.client, self.log, self.words = client, list[str](), list[str]()
        self.environment: Mapping[str, str] = {}
        self.stays = self.runs = False
        self.point = ""
        self.remaining = ""
        self.versions = ["1", "1\n2\n3"]
        self.silent_at = ""

    def stream_output(self, *words: str, environment: Mapping[str, str]) -> Client:
        self.log.append("migrates")
        self.words, self.environment = list(words), environment
        return self.client

    def stop(self, containers: Sequence[str], grace_s: int) -> None:
        self.log.append("stops")

    def remove(self, container: str) -> bool:
        self.log.append("removes")
        return True

    def exists(self, container: str) -> bool:
        return self.stays

    def query(self, postgres: psql.Postgres, sql: str, *_: Any, user: str = "postgres", **__: Any) -> str:
        step = "point" if "restore_point" in sql else "ends" if "terminate" in sql else f"versions as {user}"
        self.log.append(step)
        if step.startswith(self.silent_at or "-") and (step == "point" or "migrates" in self.log):
            raise psql.Unreachable("psql: error: connection refused")
        if step == "ends":
            return self.remaining if "migrates" in self.log else ""
        if step == "point":
            self.point = sql
            return "0/3000060"
        return self.versions.pop(0) if step.startswith("versions") else ""


def begin(monkeypatch: pytest.MonkeyPatch, client: Client) -> tuple[Host, Migration]:
    host = Host(client)
    for name in ("stream_output", "stop", "remove", "exists"):
        monkeypatch.setattr(docker_client, name, getattr(host, name))
    monkeypatch.setattr(docker_client, "is_running", lambda _: host.runs)
    monkeypatch.setattr(psql.Postgres, "query", lambda *words, **options: host.query(*words, **options))
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
    "What served before still serves, on the changed schema; "
    "fix the migration and run up again: it continues from there"
)


def test_the_rest_of_an_interrupted_run_ends_before_the_restore_point_and_the_migration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host, migration = begin(monkeypatch, Client(0, ["with s3cr3t\n"]))
    migration.run()
    versions = "versions as legal_prod_migrate_1"
    assert host.log == ["removes", "ends", versions, "point", "migrates", versions]
    point, line, applied = capsys.readouterr().out.splitlines()
    assert point.startswith("legal/migrate: restore point legal-")
    assert (line, applied) == ("    with [secret]", "legal/migrate: applied 2 3")


def test_it_uses_the_apps_volumes(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(0))
    migration.volumes = {"/app/priv/files": "sertantai-trial-legal-files"}
    migration.run()
    assert "--mount=type=volume,src=sertantai-trial-legal-files,dst=/app/priv/files" in host.words


def test_its_arguments_are_not_a_shells_and_contain_only_the_names_of_its_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
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


def test_a_failed_migration_leaves_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(3))
    assert failure(migration) == [
        "legal/migrate: failed with exit code 3",
        f"legal/migrate: applied before that: 2 3. {STILL}",
    ]
    assert host.log[-2:] == ["ends", "versions as legal_prod_migrate_1"]


def test_a_migration_that_takes_too_long_is_stopped_before_it_is_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(None))
    host.stays = True
    assert failure(migration)[0] == "legal/migrate: stopped after 5 s; raise migrate_timeout_s if it needs longer"
    assert host.log[4:] == ["migrates", "stops", "removes", "ends", "versions as legal_prod_migrate_1"]
    assert host.client.killed


def test_a_migration_that_docker_no_longer_shows_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(1))
    host.stays = host.runs = True
    assert failure(migration)[0] == "legal/migrate: Docker lost its output, so it was stopped; run up again"
    assert "removes" in host.log[4:]


def test_a_container_that_docker_is_slow_to_remove_keeps_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(3))
    host.stays = True
    assert failure(migration)[0] == "legal/migrate: failed with exit code 3"
    assert "removes" in host.log[4:]


def test_a_session_that_does_not_end_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(1))
    host.remaining = "17\n18\n"
    assert failure(migration)[1] == (
        "legal/migrate: its sessions in PostgreSQL do not end (pid 17, 18); end them, then run up again"
    )


def test_if_postgresql_stops_during_a_migration_the_applied_versions_are_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    host, migration = begin(monkeypatch, Client(1))
    host.silent_at = "versions"
    assert "unknown, since PostgreSQL does not answer" in failure(migration)[-1]


@pytest.mark.parametrize("reason", ["", "backup/repository: does not answer"])
def test_with_backups_nothing_begins_before_the_restore_point_is_archived(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], reason: str
) -> None:
    host, migration = begin(monkeypatch, Client(0))
    migration.backup = "backup"

    def call(container: str, *words: str) -> str:
        host.log.append(" ".join([container, *words]))
        if reason:
            raise Failure(reason)
        return "{}"

    monkeypatch.setattr(backups, "call", call)
    if reason:
        with pytest.raises(Failure, match=f"does not reach the repository, so nothing was changed: {reason}"):
            migration.run()
        assert "migrates" not in host.log
        return
    migration.run()
    assert host.log.index("point") < host.log.index("backup wait-archived 0/3000060") < host.log.index("migrates")
    assert "pg_switch_wal" in host.point
    assert "`./sertantai recover --to legal-" in capsys.readouterr().out


def test_without_a_restore_point_nothing_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    host, migration = begin(monkeypatch, Client(0))
    host.silent_at = "point"
    assert failure(migration) == ["legal/migrate: PostgreSQL does not answer; nothing was touched: run up again"]
    assert "migrates" not in host.log


def test_a_lock_timeout_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    _, migration = begin(monkeypatch, Client(1, ["** (Postgrex.Error) canceling statement due to lock timeout\n"]))
    assert failure(migration)[1].startswith(
        "legal/migrate: another session had a lock for longer than migrate_lock_timeout_s"
    )


def test_no_version_makes_a_line_too_long_for_the_provider(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    host, migration = begin(monkeypatch, Client(0))
    host.versions = ["", "\n".join(str(number) for number in range(100_000))]
    migration.run()
    assert max(len(line) for line in capsys.readouterr().out.splitlines()) < 5000


@pytest.mark.parametrize(("command", "warned"), [(None, True), (["/app/bin/server"], False)])
def test_an_image_that_migrates_at_its_start_too_is_reported_unless_the_app_has_its_own_command(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    command: list[str] | None,
    warned: bool,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    migrated: list[Migration] = []
    monkeypatch.setattr(Migration, "run", lambda migration: migrated.append(migration))
    monkeypatch.setattr(boot_migrations, "warnings", lambda images: [f"{name} {images[name]}" for name in images])
    names = ("stack", "service", "database", "container", "postgres")
    inputs: dict[str, Any] = dict.fromkeys(
        ("image", "command", "network", "memory_mb", "environment", "login"), "x"
    ) | {"secrets": []}
    own = {"app_command": command} if command else {}
    migrate.run(argparse.Namespace(timeout=1, backup=None, **dict.fromkeys(names, "legal")), inputs | own)
    assert (len(migrated), capsys.readouterr().out) == (1, "legal x\n" * warned)
