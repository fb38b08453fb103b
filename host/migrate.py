"""migrate: run the migrations of a new image, in a container of it, before it serves.

Safe to run again: what an interrupted run has left is ended first, and migrations go on from what is applied.
"""

import argparse
import os
import subprocess
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

from . import docker, files, lock, psql
from .failure import Failure
from .mask import LINE_LIMIT, Mask
from .retire import PART, SERVICE, STACK

GRACE_S = 10
"""For a migration that is stopped, to roll back."""
LOCK_TIMED_OUT = "canceling statement due to lock timeout"
POINT = "SELECT pg_create_restore_point(:'point') \\g /dev/null\n"


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--container", required=True, help="the name of the one that migrates")
    parser.add_argument("--postgres", required=True, help="its container")
    parser.add_argument("--timeout", type=int, required=True, help="seconds")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `image`, `command`, `network`, `memory_mb`, `environment`, `login`; `secrets`, which its log may hold."""
    migration = Migration(
        stack=given.stack,
        service=given.service,
        container=given.container,
        image=told["image"],
        command=told["command"],
        network=told["network"],
        memory_mb=told["memory_mb"],
        environment=told["environment"],
        database=given.database,
        login=told["login"],
        postgres=psql.Postgres(given.postgres),
        timeout_s=given.timeout,
        mask=Mask(told["secrets"]),
    )
    taken = f"{migration.what}: another migration runs still; run up again when it is done"
    with lock.held(given.container, given.timeout, taken):
        migration.run()


@dataclass(kw_only=True)
class Migration:
    """One run of a service's migrations. All sessions of `login` are of migrations."""

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
    has_waited: bool = field(default=False, init=False)
    """Whether it failed because of a lock."""

    @property
    def what(self) -> str:
        """How errors name it."""
        return f"{self.service}/migrate"

    def run(self) -> None:
        """Migrates after a restore point, and says which versions were applied."""
        docker.remove(self.container)  # of a run that was interrupted
        point = f"{self.service}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        try:
            if remaining := self._end_sessions():
                raise Failure(f"{self.what}: {remaining}")
            before = self._versions()
            self.postgres.ask(POINT, {"point": point})
        except psql.SqlError:
            raise Failure(f"{self.what}: PostgreSQL does not answer; nothing was touched: run up again") from None
        print(f"{self.what}: restore point {point}", flush=True)
        reasons = self._migrate()
        applied = self._applied(before)
        if reasons:
            raise Failure("\n".join([*(f"{self.what}: {reason}" for reason in reasons), self._advice(applied)]))
        print(f"{self.what}: applied {applied or 'nothing new'}")

    def _migrate(self) -> list[str]:
        """Why it failed; nothing where it did not."""
        code = self._run_container()
        if code == 0:
            return []
        if code is None:
            reasons = [f"stopped after {self.timeout_s} s; raise migrate_timeout_s if it needs longer"]
        else:
            reasons = [f"failed with exit code {code}"]
        if self.has_waited:
            reasons.append(
                "another session held for longer than migrate_lock_timeout_s what it needs: "
                "SELECT * FROM pg_stat_activity says which"
            )
        try:
            remaining = self._end_sessions()
        except psql.SqlError:
            remaining = ""  # with PostgreSQL, its sessions are gone
        return [*reasons, *([remaining] if remaining else [])]

    def _run_container(self) -> int | None:
        """The exit code of the container; None if it was stopped."""
        client = docker.begin(*self._words(), environment=os.environ | dict(self.environment))
        shows = Thread(target=self._show, args=(client.stdout or [],))
        shows.start()
        try:
            code: int | None = client.wait(self.timeout_s)
        except subprocess.TimeoutExpired:
            code = None
            docker.stop([self.container], GRACE_S)
            _end(client)
        if docker.is_there(self.container):  # it did not listen, or Docker has lost its client
            code = None
            docker.remove(self.container)
        shows.join()
        return code

    def _words(self) -> list[str]:
        labels = {STACK: self.stack, SERVICE: self.service, PART: "migrate"}
        return [
            *("run", "--rm", "--name", self.container, "--network", self.network),
            *("--memory", f"{self.memory_mb}m", "--memory-swap", f"{self.memory_mb}m"),
            *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
            *(word for name, value in labels.items() for word in ("--label", f"{name}={value}")),
            # By their names alone: the client has the values in its own environment, and no argument is secret.
            *(word for name in sorted(self.environment) for word in ("-e", name)),
            *("--entrypoint", self.command[0], self.image, *self.command[1:]),
        ]

    def _show(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.has_waited = self.has_waited or LOCK_TIMED_OUT in line
            print(self.mask.line(line.rstrip("\n")), flush=True)

    def _end_sessions(self) -> str:
        """What is wrong, if some session of a migration does not end."""
        pids = self.postgres.ask(files.sql("migrate_end"), {"login": self.login}).split()
        return (
            f"its sessions in PostgreSQL do not end (pid {', '.join(pids)}); end them, then run up again"
            if pids
            else ""
        )

    def _versions(self) -> set[str]:
        text = self.postgres.ask(files.sql("migrate_versions"), database=self.database, user=self.login)
        return set(text.splitlines())

    def _applied(self, before: set[str]) -> str:
        try:
            return " ".join(sorted(self._versions() - before))[:LINE_LIMIT]
        except psql.SqlError:
            return "nobody knows what, since PostgreSQL does not answer"

    def _advice(self, applied: str) -> str:
        return (
            f"{self.what}: applied before that: {applied or 'nothing'}. What served before still serves, on what was "
            "applied; mend the migration and run up again: it goes on from there"
        )


def _end(client: subprocess.Popen[str]) -> None:
    """Waits for a client whose container is gone; one that is about to make it is ended."""
    try:
        client.wait(GRACE_S)
    except subprocess.TimeoutExpired:
        client.kill()
        client.wait()
