"""Dumps and restores the rows of a service's database, never as the superuser.

psql runs pg_restore's output, so nothing in a dump may do more than the app itself. Each restore has its own login,
which becomes the database's owner like the app's logins. The superuser creates it with settings that only a superuser
may make: no row reaches the server's log, and triggers and foreign keys are off if the restore disables them.
"""

import json
import os
import re
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from . import docker, dumps, files, watchdog
from .psql import Postgres, SqlError, set_variable

WAIT_S, POLL_S = 120, 0.5
LOCK_TIMEOUT = "30s"
CHECKED, UNCHECKED = "origin", "replica"
"""Values of session_replication_role: whether triggers run and foreign keys are checked."""
ENTRY = re.compile(r"(\d+); \d+ \d+ (?:TABLE DATA|SEQUENCE SET) (.*)")
ERROR = re.compile(r"(?:psql:\S+ )?((?:ERROR|FATAL|PANIC|pg_(?:dump|restore): error|psql: error|server closed).*)")
PLACE = re.compile(r"(?:CONTEXT:  )?(COPY .*?, line \d+(?:, column [^:]*)?)")
VALUE = re.compile(r'(?:: |=)".*')
SHOWN = 5
Table = Mapping[str, object]
Names = Collection[tuple[str, str]]


class CommandFailed(Exception):
    """pg_dump, pg_restore or psql failed. The text is their error messages, without any row."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The rows of one database. `excluded_tables` belong to it alone, such as its migrations."""

    postgres: Postgres
    database: str
    owner: str
    excluded_tables: Sequence[str]

    @property
    def login(self) -> str:
        """The restore's login. No database and no other role can have this name."""
        return f"{self.database}-restore"

    def create_login(self, triggers: str = CHECKED) -> None:
        """Creates the login or changes its settings, after it has ended the sessions of an interrupted restore."""
        self.end_sessions()
        names = {"login": self.login, "owner": self.owner, "triggers": triggers}
        self.postgres.query(files.sql("restore_login"), names, exclusive=True)

    def drop_login(self) -> None:
        """Drops the login. If that fails, it cannot be used from outside, and the next restore uses it."""
        with suppress(SqlError):
            self.postgres.query(files.sql("restore_login_end"), {"login": self.login})
            self.postgres.query('DROP ROLE IF EXISTS :"login";', {"login": self.login}, exclusive=True)

    def end_sessions(self) -> None:
        """Ends sessions that could still commit. Raises `SqlError` if PostgreSQL does not answer in time."""
        end = time.monotonic() + WAIT_S
        while True:
            try:
                if self.postgres.query(files.sql("restore_login_end"), {"login": self.login}).strip() == "0":
                    return
            except SqlError:
                if time.monotonic() >= end:
                    raise
            if time.monotonic() >= end:
                raise SqlError("its sessions do not end")
            time.sleep(POLL_S)

    def query(self, sql: str, variables: Mapping[str, str] | None = None) -> str:
        """Runs `sql` with the restore's login and returns its output."""
        return self.postgres.query(sql, variables, database=self.database, user=self.login)

    def restored_dumps(self) -> list[dict[str, str]]:
        """Returns the dumps that the database has."""
        dumps: list[dict[str, str]] = json.loads(self.query(files.sql("restored")))
        return dumps

    def dump(self, to: Path) -> None:
        """Dumps the whole database to a file, atomically. Raises `CommandFailed`."""
        part = to.with_name(f"{to.name}.new")
        words = [
            "exec",
            self.postgres.container,
            "pg_dump",
            "--format=custom",
            f"--username={self.login}",
            self.database,
        ]
        with tempfile.TemporaryFile() as stderr:
            with os.fdopen(dumps.create(part), "wb") as file:
                code = docker.pipe(*words, stdout=file, stderr=stderr).wait()
            if code:
                part.unlink(missing_ok=True)
                raise CommandFailed(_errors(stderr))
        part.replace(to)

    def load(self, dump: Path, tables: Sequence[Table], digest: str, path: str, *, replace: bool, skip: Names) -> None:
        """Loads a dump's rows and records the dump, in one transaction. Raises `CommandFailed`.

        The rows of the tables in `skip`, by schema and name, are not loaded.
        """
        values = {"tables": json.dumps(tables), "replace": str(replace).lower(), "digest": digest, "path": path}
        self._transact(dump, values, ["begin"], ["end", "close", "note"], skip)

    def undo(self, dump: Path, digest: str, *, skip: Names) -> None:
        """Replaces the rows of the dump with this digest by those of `dump`, which was made before the restore."""
        values = {"excluded_tables": json.dumps(list(self.excluded_tables)), "digest": digest}
        self._transact(dump, values, ["undo"], ["close", "undone"], skip)

    def _transact(
        self, dump: Path, values: Mapping[str, str], before: Sequence[str], after: Sequence[str], skip: Names
    ) -> None:
        """Loads a dump's rows between two parts of host/sql/restore_*.sql. The last part commits."""
        variables = {"lock_timeout": LOCK_TIMEOUT, **values}
        first, last = (
            "".join(files.sql(f"restore_{name}") for name in names).encode() for names in (["open", *before], after)
        )
        first = "".join(set_variable(name, value) for name, value in variables.items()).encode() + first
        list_file = f"/tmp/{self.login}.list"  # noqa: S108 - in PostgreSQL's own container
        with dump.open("rb", buffering=0) as file, tempfile.TemporaryFile() as stderr:
            try:
                entries = "".join(self._entries(file, skip, stderr))
                written = docker.execute(self.postgres.container, ["tee", list_file], stdin=entries).code == 0
                file.seek(0)
                if not written or not self._feed_psql(first, file, list_file, last, stderr):
                    raise CommandFailed(_errors(stderr))
            finally:
                docker.execute(self.postgres.container, ["rm", "-f", list_file])

    def _entries(self, dump: BinaryIO, skip: Names, stderr: BinaryIO) -> Iterator[str]:
        """Yields the entries of a dump that pg_restore loads: rows, and the values of sequences."""
        excluded = re.compile(rf"\S+ (?:{'|'.join(self.excluded_tables)})(?:_id_seq)? ")
        skipped = tuple(f"{schema} {name} " for schema, name in skip)
        with tempfile.TemporaryFile() as output:
            words = ["exec", "-i", self.postgres.container, "pg_restore", "--list"]
            if docker.pipe(*words, stdin=dump, stdout=output, stderr=stderr).wait():
                raise CommandFailed(_errors(stderr))
            output.seek(0)
            for line in output.read().decode(errors="replace").splitlines():
                entry = ENTRY.match(line)
                if entry and not excluded.match(entry[2]) and not entry[2].startswith(skipped):
                    yield f"{entry[1]};\n"

    def _feed_psql(self, first: bytes, dump: BinaryIO, list_file: str, last: bytes, stderr: BinaryIO) -> bool:
        """Sends `first`, the rows and `last` to psql, and returns its success. `last` commits, after all rows alone."""
        clients = [psql := self.postgres.pipe(database=self.database, user=self.login, stderr=stderr)]
        options = ["--exit-on-error", "--data-only", "--no-owner", "--no-acl", f"--use-list={list_file}", "--file=-"]
        is_whole = False
        assert psql.stdin
        with watchdog.watch(self.postgres.container, clients):
            with suppress(BrokenPipeError), psql.stdin:  # if psql has ended, its exit code says so
                psql.stdin.write(first)
                psql.stdin.flush()
                words = ["exec", "-i", self.postgres.container, "pg_restore", *options]
                clients.append(docker.pipe(*words, stdin=dump, stdout=psql.stdin, stderr=stderr))
                is_whole = clients[-1].wait() == 0
                if is_whole:
                    psql.stdin.write(last)
            return psql.wait() == 0 and is_whole


def _errors(stderr: BinaryIO) -> str:
    """Returns the errors that PostgreSQL's programs have printed, without any values."""
    stderr.seek(0)
    errors: list[str] = []
    for line in stderr.read().decode(errors="replace").splitlines():
        error, place = ERROR.match(line), PLACE.match(line)
        if error:
            errors.append(VALUE.sub("", error[1]))
        elif place and not any(text.startswith("CONTEXT") for text in errors):
            errors.append(f"CONTEXT:  {place[1]}")
    return "\n".join(errors[:SHOWN])
