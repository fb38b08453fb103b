"""The rows of a service's database, while they are dumped and replaced: never as the superuser.

A login that is there for one restore becomes the app's owner, as the app's own logins do. pg_restore's output is text
that psql runs, so nothing in a dump may do more than the app itself. The superuser makes this login, and gives it what
only a superuser may set: no row reaches the server's log, and triggers and foreign keys are switched off where asked.
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

from . import docker, dumps, files
from .psql import Postgres, SqlError, assigned

WAIT_S, PAUSE_S = 120, 0.5
LOCK_TIMEOUT = "30s"
CHECKED, UNCHECKED = "origin", "replica"
"""Whether triggers and foreign keys are checked, as session_replication_role calls it."""
ENTRY = re.compile(r"(\d+); \d+ \d+ (?:TABLE DATA|SEQUENCE SET) (.*)")
ERROR = re.compile(r"(?:psql:\S+ )?((?:ERROR|FATAL|PANIC|pg_(?:dump|restore): error|psql: error|server closed).*)")
PLACE = re.compile(r"(?:CONTEXT:  )?(COPY .*?, line \d+(?:, column [^:]*)?)")
VALUE = re.compile(r'(?:: |=)".*')
SHOWN = 5
Table = Mapping[str, object]
Names = Collection[tuple[str, str]]


class NotDone(Exception):
    """PostgreSQL's programs did not do it; the text is what they say of it, without any row."""


@dataclass(frozen=True, kw_only=True)
class Rows:
    """One database. `excluded_tables` are the names of the tables that belong to it alone, such as its migrations."""

    postgres: Postgres
    database: str
    owner: str
    excluded_tables: Sequence[str]

    @property
    def login(self) -> str:
        """No database can have this name, nor another role."""
        return f"{self.database}-restore"

    def log_in(self, triggers: str = CHECKED) -> None:
        """Makes the login, or gives it other settings; sessions of an interrupted restore end."""
        self.end_sessions()
        names = {"login": self.login, "owner": self.owner, "triggers": triggers}
        self.postgres.ask(files.sql("restore_login"), names, alone=True)

    def log_out(self) -> None:
        """Removes the login. One that stays cannot be used from outside, and the next restore takes it over."""
        with suppress(SqlError):
            self.postgres.ask(files.sql("restore_login_end"), {"login": self.login})
            self.postgres.ask('DROP ROLE IF EXISTS :"login";', {"login": self.login}, alone=True)

    def end_sessions(self) -> None:
        """Ends what goes on by itself and could still commit; `SqlError` if PostgreSQL does not answer in time."""
        end = time.monotonic() + WAIT_S
        while True:
            try:
                if self.postgres.ask(files.sql("restore_login_end"), {"login": self.login}).strip() == "0":
                    return
            except SqlError:
                if time.monotonic() >= end:
                    raise
            if time.monotonic() >= end:
                raise SqlError("its sessions do not end")
            time.sleep(PAUSE_S)

    def ask(self, sql: str, variables: Mapping[str, str] | None = None) -> str:
        """What PostgreSQL answers the app."""
        return self.postgres.ask(sql, variables, database=self.database, user=self.login)

    def restored(self) -> list[dict[str, str]]:
        """The dumps that the database has."""
        known: list[dict[str, str]] = json.loads(self.ask(files.sql("restored")))
        return known

    def dump(self, to: Path) -> None:
        """Writes all there is to a file, whole or not at all; `NotDone` if that fails."""
        part = to.with_name(f"{to.name}.new")
        words = [
            "exec",
            self.postgres.container,
            "pg_dump",
            "--format=custom",
            f"--username={self.login}",
            self.database,
        ]
        with tempfile.TemporaryFile() as said:
            with os.fdopen(dumps.create(part), "wb") as file:
                code = docker.attach(*words, stdout=file, stderr=said).wait()
            if code:
                part.unlink(missing_ok=True)
                raise NotDone(_shown(said))
        part.replace(to)

    def put(self, dump: Path, tables: Sequence[Table], digest: str, path: str, *, replace: bool, skip: Names) -> None:
        """Puts a dump's rows in, and notes that it is in; `NotDone` if anything is wrong, and nothing is changed then.

        `skip` are tables (schema, name) whose rows stay out.
        """
        values = {"tables": json.dumps(tables), "replace": str(replace).lower(), "digest": digest, "path": path}
        self._transact(dump, values, ["begin"], ["end", "close", "note"], skip)

    def put_back(self, dump: Path, digest: str, *, skip: Names) -> None:
        """Takes the dump with this digest out again: the rows of `dump`, which was made before, take its place."""
        values = {"excluded_tables": json.dumps(list(self.excluded_tables)), "digest": digest}
        self._transact(dump, values, ["undo"], ["close", "undone"], skip)

    def _transact(
        self, dump: Path, values: Mapping[str, str], before: Sequence[str], after: Sequence[str], skip: Names
    ) -> None:
        """The rows of a dump between two parts of host/sql/restore_*.sql, the last of which commits."""
        variables = {"lock_timeout": LOCK_TIMEOUT, **values}
        first, last = (
            "".join(files.sql(f"restore_{name}") for name in names).encode() for names in (["open", *before], after)
        )
        first = "".join(assigned(name, value) for name, value in variables.items()).encode() + first
        place = f"/tmp/{self.login}.list"  # noqa: S108 - in PostgreSQL's own container
        with dump.open("rb", buffering=0) as file, tempfile.TemporaryFile() as said:
            try:
                chosen = "".join(self._chosen(file, skip, said))
                written = docker.execute(self.postgres.container, ["tee", place], stdin=chosen).code == 0
                file.seek(0)
                if not written or not self._feed(first, file, place, last, said):
                    raise NotDone(_shown(said))
            finally:
                docker.execute(self.postgres.container, ["rm", "-f", place])

    def _chosen(self, dump: BinaryIO, skip: Names, said: BinaryIO) -> Iterator[str]:
        """The entries of a dump that are put in, for pg_restore: rows, and where sequences stand."""
        excluded_tables = re.compile(rf"\S+ (?:{'|'.join(self.excluded_tables)})(?:_id_seq)? ")
        skipped = tuple(f"{schema} {name} " for schema, name in skip)
        with tempfile.TemporaryFile() as listed:
            words = ["exec", "-i", self.postgres.container, "pg_restore", "--list"]
            if docker.attach(*words, stdin=dump, stdout=listed, stderr=said).wait():
                raise NotDone(_shown(said))
            listed.seek(0)
            for line in listed.read().decode(errors="replace").splitlines():
                entry = ENTRY.match(line)
                if entry and not excluded_tables.match(entry[2]) and not entry[2].startswith(skipped):
                    yield f"{entry[1]};\n"

    def _feed(self, first: bytes, dump: BinaryIO, place: str, last: bytes, said: BinaryIO) -> bool:
        """What commits is not said unless all came before it; whether it was done."""
        psql = self.postgres.attach(database=self.database, user=self.login, stderr=said)
        options = ["--exit-on-error", "--data-only", "--no-owner", "--no-acl", f"--use-list={place}", "--file=-"]
        is_whole = False
        assert psql.stdin
        with suppress(BrokenPipeError), psql.stdin:  # psql that has ended says so by its code
            psql.stdin.write(first)
            psql.stdin.flush()
            words = ["exec", "-i", self.postgres.container, "pg_restore", *options]
            is_whole = docker.attach(*words, stdin=dump, stdout=psql.stdin, stderr=said).wait() == 0
            if is_whole:
                psql.stdin.write(last)
        return psql.wait() == 0 and is_whole


def _shown(said: BinaryIO) -> str:
    """What PostgreSQL's programs have said, without the values that it is about."""
    said.seek(0)
    shown: list[str] = []
    for line in said.read().decode(errors="replace").splitlines():
        error, place = ERROR.match(line), PLACE.match(line)
        if error:
            shown.append(VALUE.sub("", error[1]))
        elif place and not any(each.startswith("CONTEXT") for each in shown):
            shown.append(f"CONTEXT:  {place[1]}")
    return "\n".join(shown[:SHOWN])
