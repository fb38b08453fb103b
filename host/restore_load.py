"""restore-load: restore a dump into a service's database, all of it or nothing.

All services that use the database stop meanwhile.

Safe to run again from any state: PostgreSQL records which dumps it has, and the containers that an interrupted restore
has stopped are started again.
"""

import argparse
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from . import in_use, lock, restore_check, restore_point, slots
from .database_users import User, Users
from .dumps import Dumps
from .failure import Failure
from .fit import Facts, Fit
from .gateway import Gateway
from .mask import Mask
from .psql import Postgres, SqlError
from .rows import CHECKED, UNCHECKED, CommandFailed, Names, Rows
from .serving import Serving

# Longer than any release, or the restore of any other service.
WAIT_S = 6 * 3600
COMMIT_KNOWN_WAIT_S = 120


def add_arguments(parser: argparse.ArgumentParser) -> None:
    restore_check.add_arguments(parser)
    parser.add_argument("digest", help="the dump's SHA-256")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--backup", help="the backup container, which archives the restore point")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: as for restore-check, without `dump` if PostgreSQL has it; `path`, the dump's on the laptop;
    `excluded_tables`, which belong to one database alone; `slot`, Electric's; `gates` of app and Electric; `grace_s`,
    seconds for the app to stop; these three and `service` for each of the `sharers`, the other services on the
    database; `secrets` that a log may contain.
    """
    subject = f"{args.service}/restore"
    postgres = Postgres(args.postgres)
    rows = Rows(
        postgres=postgres, database=args.database, owner=inputs["owner"], excluded_tables=inputs["excluded_tables"]
    )
    restore = Restore(
        subject=subject,
        fit=restore_check.new_fit(args, inputs) if "dump" in inputs else None,
        digest=args.digest,
        path=inputs["path"],
        database=args.database,
        users=Users(
            services=[*_users(args, inputs)],
            database=args.database,
            postgres=postgres,
            mask=Mask(inputs["secrets"]),
        ),
        postgres=postgres,
        rows=rows,
        dumps=Dumps(args.stack, args.service),
        backup=args.backup,
    )
    busy = f"{subject}: another restore or cut-over has run for {WAIT_S} s; run up again"
    waiting = f"{subject}: waits for another restore, or a cut-over, to end"
    # Cut-overs take this lock too: a new replication slot would wait for the end of the restore's transaction.
    with lock.acquire(slots.lock_name(args.stack), WAIT_S, busy, wait_message=waiting):
        restore.run()


def _users(args: argparse.Namespace, inputs: Mapping[str, Any]) -> Iterator[User]:
    for user in ({**inputs, "service": args.service}, *inputs.get("sharers", ())):
        serving = Serving(
            stack=args.stack, service=user["service"], gateway=Gateway(args.gateway), grace_s=user["grace_s"]
        )
        yield User(serving=serving, slot=user["slot"], gates=user["gates"])


@dataclass(frozen=True, kw_only=True)
class Restore:
    """The restore of one dump. `fit` is None if PostgreSQL had the dump when the laptop asked."""

    subject: str
    fit: Fit | None
    digest: str
    path: str
    database: str
    users: Users
    postgres: Postgres
    rows: Rows
    dumps: Dumps
    backup: str | None = None
    """The backup container."""

    def run(self) -> None:
        """Restores the dump, unless PostgreSQL has it. In any case, the stopped containers serve again afterwards."""
        if self.users.owner.serving_containers().get("app") == []:
            raise self._failure("there is no container of the app; run up again")
        try:
            self.rows.create_login(UNCHECKED if self.fit and self.fit.disable_triggers else CHECKED)
            restored_at = self._restored_at()
        except SqlError:
            raise self._failure("PostgreSQL does not answer; nothing was touched: run up again") from None
        try:
            if restored_at:
                self._print(f"{self.path} was restored into {self.database} at {restored_at} UTC; its rows stay")
                if not self.users.serve_again():
                    raise self._failure("not all parts are healthy: fix that, then run up again")
            else:
                self._load(*self._check())
            self.dumps.remove_incoming()
        finally:
            self.rows.drop_login()

    def _restored_at(self) -> str:
        """Returns when the dump was restored, or an empty text."""
        return next((dump["at"] for dump in self.rows.restored_dumps() if dump["digest"] == self.digest), "")

    def _check(self) -> tuple[Fit, Facts]:
        """Checks that the dump is whole and fits the database. Raises a `Failure` before anything is stopped."""
        if not self.fit:
            raise self._failure("the dump did not arrive whole; run up again")
        try:
            facts = self.fit.facts(self.rows.query)
            problems = [
                *self.fit.problems(facts),
                *(in_use.transactions(self.postgres, self.fit.at, self.users) if self.users.slots else ()),
                *in_use.others(self.postgres, self.fit.at, self.users),
            ]
        except SqlError as error:
            problems = [f"{self.fit.at}: {error}"]
        if problems:
            raise Failure("\n".join([*problems, f"{self.subject}: nothing was stopped and nothing was changed"]))
        if not self.dumps.is_whole(self.digest):
            raise self._failure("the dump did not arrive whole; run up again")
        return self.fit, facts

    def _load(self, fit: Fit, facts: Facts) -> None:
        self._check_archiving()
        if not self._stop():
            self._fail("the app could not be stopped; nothing was changed")
        self._dump_current()
        begun = time.monotonic()
        skip = [tuple(names) for names in facts["of_extensions"]]
        try:
            dump, tables = self.dumps.incoming(self.digest), fit.tables(facts)
            self.rows.load(dump, tables, self.digest, self.path, replace=fit.replace, skip=skip)
        except CommandFailed as error:
            print(error, flush=True)
            self._explain(str(error), fit)
            if not self._was_committed():
                self._fail("the dump was not restored, and nothing was changed")
        self._print(f"all rows are loaded, as many as the dump has, after {time.monotonic() - begun:.0f} s")
        with suppress(SqlError):
            self.rows.query("SET statement_timeout = 0; ANALYZE;")
        if not self.users.serve_again():
            self._undo(skip)
        self._print(f"{self.users.sentence('serve')} again, after {time.monotonic() - begun:.0f} s")

    def _check_archiving(self) -> None:
        """Raises a `Failure` if a restore point would not reach the repository, before anything is stopped."""
        if self.backup:
            try:
                position = restore_point.create(self.postgres, f"{self.users.owner.name}-restore-check", archives=True)
            except SqlError as error:
                raise self._failure(f"{error}; nothing was stopped: run up again") from None
            restore_point.wait_archived(self.backup, position, self.subject)

    def _stop(self) -> bool:
        if not self.users.show_notices():
            return False
        self._print(f"{self.users.sentence('stop')}; the site shows that it is back soon")
        if sharers := ", ".join(user.name for user in self.users.sharers):
            self._print(f"so does everything of {sharers}, on the same database")
        return self.users.stop()

    def _dump_current(self) -> None:
        """Dumps the current rows, while nobody writes, so that the restore can be undone."""
        point = restore_point.name(f"{self.users.owner.name}-restore")
        try:
            position = restore_point.create(self.postgres, point, archives=bool(self.backup))
            self.rows.dump(self.dumps.previous)
            if self.backup:
                restore_point.wait_archived(self.backup, position, self.subject)
        except (SqlError, CommandFailed) as error:
            print(error, flush=True)
            self._fail("the current rows cannot be dumped, and nothing was changed")
        except Failure as failure:
            print(failure, flush=True)
            self._fail("nothing was changed")
        self._print(f"restore point {point}; the current rows are in {self.dumps.previous}")
        if self.backup:
            self._print(restore_point.way_back(point))

    def _explain(self, error: str, fit: Fit) -> None:
        if "violates foreign key" in error and not fit.disable_triggers:
            print(
                f"{fit.at}/disable_triggers: true loads rows without that check: for circular foreign keys, and for a "
                "dump that contains more than rows"
            )
        if "lock timeout" in error:
            self._print("another session has a lock on one of its tables: SELECT * FROM pg_stat_activity shows which")

    def _was_committed(self) -> bool:
        """Whether a server that died during the commit has committed: it knows that once it is back."""
        try:
            self.rows.end_sessions()
        except SqlError:
            self._print("PostgreSQL does not answer, so it is unknown whether the dump was restored: run up again")
            return False
        end = time.monotonic() + COMMIT_KNOWN_WAIT_S
        while time.monotonic() < end:
            with suppress(SqlError):
                return bool(self._restored_at())
            time.sleep(1)
        return False

    def _undo(self, skip: Names) -> NoReturn:
        self._print("not healthy with the new rows: restoring the previous rows")
        previous = self.dumps.previous
        problem = f"the previous rows could not be restored, and the new rows stay: the previous rows are in {previous}"
        if not self._stop():
            self._fail(problem)
        try:
            self.rows.create_login(UNCHECKED)
            self.rows.undo(previous, self.digest, skip=skip)
        except (SqlError, CommandFailed) as error:
            print(error, flush=True)
            self._fail(problem)
        self._fail("the previous rows were restored")

    def _fail(self, reason: str) -> NoReturn:
        """Raises a `Failure`, after the previous containers serve again."""
        if self.users.serve_again():
            raise self._failure(f"{reason}; what served before serves again")
        self.users.remove_notices()
        raise self._failure(f"{reason}; but not all parts are healthy: fix that, then run up again")

    def _failure(self, reason: str) -> Failure:
        return Failure(f"{self.subject}: {reason}")

    def _print(self, text: str) -> None:
        print(f"{self.subject}: {text}", flush=True)
