"""migrate: run the migrations of a new image, in a container of that image, before it serves.

Safe to run again: it ends the rest of an interrupted run first, and continues after the applied migrations.
"""

import argparse
import os
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from . import boot_migrations, catalogue, docker, files, lock, psql, restore_point
from .failure import Failure
from .mask import LINE_LIMIT, Mask
from .retire import PART, SERVICE, STACK

GRACE_S = 10
"""Seconds for a stopped migration to roll back."""
LOCK_TIMED_OUT = "canceling statement due to lock timeout"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--container", required=True, help="the name of the migration's container")
    parser.add_argument("--postgres", required=True, help="its container")
    parser.add_argument("--timeout", type=int, required=True, help="seconds")
    parser.add_argument("--backup", help="the backup container, which archives the restore point")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `image`, `command`, `network`, `memory_mb`, `environment`, `login`; `secrets` that its log may contain;
    `volumes`, by their paths; `app_command`, if the app's container does not run the image's own command.
    """
    migration = Migration(
        stack=args.stack,
        service=args.service,
        container=args.container,
        image=inputs["image"],
        command=inputs["command"],
        network=inputs["network"],
        memory_mb=inputs["memory_mb"],
        environment=inputs["environment"],
        database=args.database,
        login=inputs["login"],
        postgres=psql.Postgres(args.postgres),
        timeout_s=args.timeout,
        mask=Mask(inputs["secrets"]),
        volumes=inputs.get("volumes", {}),
        backup=args.backup,
    )
    busy = f"{migration.subject}: another migration is still running; run up again when it is done"
    with (
        lock.acquire(args.container, args.timeout, busy),
        catalogue.wait_for_migration(args.postgres, args.database, migration.subject, migrates=True),
    ):
        migration.run()
    if not inputs.get("app_command"):
        for line in boot_migrations.warnings({args.service: inputs["image"]}):
            print(line)


@dataclass(kw_only=True)
class Migration:
    """One run of a service's migrations. Only migrations use `login`."""

    stack: str
    service: str
    container: str
    image: str
    command: Sequence[str]
    network: str
    memory_mb: int
    environment: Mapping[str, str]
    database: str
    login: str
    postgres: psql.Postgres
    timeout_s: int
    mask: Mask
    volumes: Mapping[str, str] = field(default_factory=dict)
    backup: str | None = None
    """The backup container."""
    lock_timed_out: bool = field(default=False, init=False)
    """Whether a statement failed because it waited too long for a lock."""

    @property
    def subject(self) -> str:
        """The beginning of each error."""
        return f"{self.service}/migrate"

    def run(self) -> None:
        """Creates a restore point, migrates, and prints the applied versions."""
        if not docker.remove(self.container):
            raise Failure(
                f"{self.subject}: container {self.container} of an interrupted run cannot be removed; nothing was "
                "touched: run up again"
            )
        point = restore_point.name(self.service)
        try:
            if remaining := self._end_sessions():
                raise Failure(f"{self.subject}: {remaining}")
            before = self._applied_versions()
            position = restore_point.create(self.postgres, point, archives=bool(self.backup))
        except psql.SqlError:
            raise Failure(f"{self.subject}: PostgreSQL does not answer; nothing was touched: run up again") from None
        print(f"{self.subject}: restore point {point}", flush=True)
        if self.backup:
            restore_point.wait_archived(self.backup, position, self.subject)
            print(f"{self.subject}: {restore_point.way_back(point)}", flush=True)
        reasons = self._migrate()
        applied = self._newly_applied(before)
        if reasons:
            raise Failure("\n".join([*(f"{self.subject}: {reason}" for reason in reasons), self._advice(applied)]))
        print(f"{self.subject}: applied {applied or 'nothing new'}")

    def _migrate(self) -> list[str]:
        """Runs the migrations. Returns why they failed, or an empty list."""
        reason = self._run_container()
        if not reason:
            return []
        reasons = [reason]
        if self.lock_timed_out:
            reasons.append(
                "another session had a lock for longer than migrate_lock_timeout_s: "
                "SELECT * FROM pg_stat_activity shows which"
            )
        try:
            remaining = self._end_sessions()
        except psql.SqlError:
            remaining = ""  # without PostgreSQL there are no sessions
        return [*reasons, *([remaining] if remaining else [])]

    def _run_container(self) -> str:
        """Returns why the migrations failed, or an empty text."""
        client = docker.stream_output(*self._docker_arguments(), environment=os.environ | dict(self.environment))
        printer = Thread(target=self._print_log, args=(client.stdout or [],))
        printer.start()
        timed_out = False
        try:
            code = client.wait(self.timeout_s)
            reason = f"failed with exit code {code}" if code else ""
        except subprocess.TimeoutExpired:
            timed_out = True
            reason = f"stopped after {self.timeout_s} s; raise migrate_timeout_s if it needs longer"
            docker.stop([self.container], GRACE_S)
            _end(client)
        if docker.exists(self.container):  # it did not stop, or its client has lost it
            if docker.is_running(self.container) and not timed_out:
                reason = "Docker lost its output, so it was stopped; run up again"
            docker.remove(self.container)
        printer.join()
        return reason

    def _docker_arguments(self) -> list[str]:
        labels = {STACK: self.stack, SERVICE: self.service, PART: "migrate"}
        return [
            *("run", "--rm", "--name", self.container, "--network", self.network),
            *("--memory", f"{self.memory_mb}m", "--memory-swap", f"{self.memory_mb}m"),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *(word for name, value in labels.items() for word in ("--label", f"{name}={value}")),
            *docker.mount_words(self.volumes),
            # Names alone: Docker's client takes the values from its own environment, so no argument is secret.
            *(word for name in sorted(self.environment) for word in ("-e", name)),
            *("--entrypoint", self.command[0], self.image, *self.command[1:]),
        ]

    def _print_log(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.lock_timed_out = self.lock_timed_out or LOCK_TIMED_OUT in line
            print(self.mask.line(line.rstrip("\n")), flush=True)

    def _end_sessions(self) -> str:
        """Ends the sessions of migrations. Returns an error if one does not end, or an empty text."""
        pids = self.postgres.query(files.sql("migrate_end"), {"login": self.login}).split()
        return (
            f"its sessions in PostgreSQL do not end (pid {', '.join(pids)}); end them, then run up again"
            if pids
            else ""
        )

    def _applied_versions(self) -> set[str]:
        text = self.postgres.query(files.sql("migrate_versions"), database=self.database, user=self.login)
        return set(text.splitlines())

    def _newly_applied(self, before: set[str]) -> str:
        try:
            return " ".join(sorted(self._applied_versions() - before))[:LINE_LIMIT]
        except psql.SqlError:
            return "unknown, since PostgreSQL does not answer"

    def _advice(self, applied: str) -> str:
        return (
            f"{self.subject}: applied before that: {applied or 'nothing'}. What served before still serves, on the "
            "changed schema; fix the migration and run up again: it continues from there"
        )


def _end(client: subprocess.Popen[str]) -> None:
    """Waits for a client whose container is gone. Kills a client that has not created its container yet."""
    try:
        client.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        client.kill()
        client.wait()
