"""restore-load: put a dump into a service's database, all of it or nothing.

Safe to run again from any state: PostgreSQL knows which dumps it has, and what an interrupted restore has stopped is
started again.
"""

import argparse
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, NoReturn

from . import docker, files, in_use, lock, restore_check, slots
from .dumps import Dumps
from .failure import Failure
from .fit import Facts, Fit
from .gate import Gate
from .gateway import Gateway
from .mask import Mask
from .psql import Postgres, SqlError
from .rows import CHECKED, UNCHECKED, Names, NotDone, Rows
from .serving import Serving

# Longer than any release, or the restore of any other service.
WAIT_S = 6 * 3600
KNOWN_WAIT_S = 120
ORDER = ("electric", "app")
"""Electric is healthy before the app, which may ask it at once."""


def arguments(parser: argparse.ArgumentParser) -> None:
    restore_check.arguments(parser)
    parser.add_argument("digest", help="the dump's SHA-256")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--gateway", required=True, help="nginx's container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: as for restore-check, without `dump` if it is known to be in; `path`, the dump's on the laptop;
    `excluded_tables`, the tables that belong to one database alone; `slot`, Electric's; `gates` of app and Electric;
    `grace_s`, seconds for the app to stop; `secrets` that a log may hold.
    """
    what = f"{given.service}/restore"
    serving = Serving(stack=given.stack, service=given.service, gateway=Gateway(given.gateway), grace_s=told["grace_s"])
    postgres = Postgres(given.postgres)
    rows = Rows(
        postgres=postgres, database=given.database, owner=told["owner"], excluded_tables=told["excluded_tables"]
    )
    restore = Restore(
        what=what,
        fit=restore_check.of(given, told) if "dump" in told else None,
        digest=given.digest,
        path=told["path"],
        database=given.database,
        slot=told["slot"],
        gates=told["gates"],
        mask=Mask(told["secrets"]),
        postgres=postgres,
        rows=rows,
        serving=serving,
        dumps=Dumps(given.stack, given.service),
    )
    taken = f"{what}: another restore or cut-over has run for {WAIT_S} s; run up again"
    waits = f"{what}: waits for another restore, or a cut-over, to end"
    # Shared by the cut-overs: a new replication slot would wait for the end of what is put in here.
    with lock.held(slots.lock_name(given.stack), WAIT_S, taken, waits=waits):
        restore.run()


@dataclass(frozen=True, kw_only=True)
class Restore:
    """One dump and the service that it is for. Without a `fit`, the laptop says that PostgreSQL has the dump."""

    what: str
    fit: Fit | None
    digest: str
    path: str
    database: str
    slot: str
    gates: Mapping[str, Mapping[str, Any]]
    mask: Mask
    postgres: Postgres
    rows: Rows
    serving: Serving
    dumps: Dumps

    def run(self) -> None:
        """Puts the dump in, unless PostgreSQL has it; what the service stopped for serves afterwards, in any case."""
        if not self.serving.of("app"):
            raise self._failure("there is no container of the app; run up again")
        try:
            self.rows.log_in(UNCHECKED if self.fit and self.fit.disable_triggers else CHECKED)
            since = self._since()
        except SqlError:
            raise self._failure("PostgreSQL does not answer; nothing was touched: run up again") from None
        try:
            if since:
                self._say(f"{self.path} is in {self.database} since {since} UTC; its rows stay as they are")
                if not self._back():
                    raise self._failure("not all of it came back: mend that, then run up again")
            else:
                self._put(*self._checked())
            self.dumps.remove_incoming()
        finally:
            self.rows.log_out()

    def _since(self) -> str:
        """When the dump was put in; nothing where it was not."""
        return next((known["at"] for known in self.rows.restored() if known["digest"] == self.digest), "")

    def _checked(self) -> tuple[Fit, Facts]:
        """The dump, whole and fitting; a `Failure` before anything is stopped."""
        if not self.fit:
            raise self._failure("the dump did not arrive whole; run up again")
        try:
            facts = self.fit.facts(self.rows.ask)
            problems = [
                *self.fit.problems(facts),
                *(in_use.transactions(self.postgres, self.database, self.fit.at) if self.slot else ()),
                *in_use.others(self.postgres, self.database, self.fit.at, self.serving),
            ]
        except SqlError as error:
            problems = [f"{self.fit.at}: {error}"]
        if problems:
            raise Failure("\n".join([*problems, f"{self.what}: nothing was stopped and nothing was changed"]))
        if not self.dumps.is_whole(self.digest):
            raise self._failure("the dump did not arrive whole; run up again")
        return self.fit, facts

    def _put(self, fit: Fit, facts: Facts) -> None:
        if not self._stop():
            self._again("the app could not be stopped in order; nothing was changed")
        self._keep()
        begun = time.monotonic()
        skip = [tuple(names) for names in facts["of_extensions"]]
        try:
            dump, tables = self.dumps.incoming(self.digest), fit.tables(facts)
            self.rows.put(dump, tables, self.digest, self.path, replace=fit.replace, skip=skip)
        except NotDone as error:
            print(error, flush=True)
            self._explain(str(error), fit)
            if not self._is_in():
                self._again("the dump was not put in, and nothing was changed")
        self._say(f"all rows are in, as many as the dump has, after {time.monotonic() - begun:.0f} s")
        with suppress(SqlError):
            self.rows.ask("SET statement_timeout = 0; ANALYZE;")
        if not self._back():
            self._take_out(skip)
        serve = "app and Electric serve" if self.slot else "app serves"
        self._say(f"the {serve} again, after {time.monotonic() - begun:.0f} s")

    def _stop(self) -> bool:
        """Nothing else writes, and Electric's slot is gone: one large transaction would break its shapes."""
        if not self.serving.announce():
            return False
        stop = "app and Electric stop" if self.slot else "app stops"
        self._say(f"the {stop}; the site shows that it is back soon")
        if not self.serving.stop():
            return False
        try:
            if self.slot:
                self.postgres.ask(files.sql("slot_drop"), {"slot": self.slot}, database=self.database)
        except SqlError:
            return False
        return True

    def _keep(self) -> None:
        """From here on nobody writes: this is what the new rows are taken out for, should they have to be."""
        point = f"{self.serving.service}-restore-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"
        try:
            self.postgres.ask("SELECT pg_create_restore_point(:'point');", {"point": point})
            self.rows.dump(self.dumps.before)
        except (SqlError, NotDone) as error:
            print(error, flush=True)
            self._again("what is there cannot be dumped, and nothing was changed")
        self._say(f"restore point {point}; what was there is in {self.dumps.before}")

    def _explain(self, said: str, fit: Fit) -> None:
        if "violates foreign key" in said and not fit.disable_triggers:
            print(
                f"{fit.at}/disable_triggers: true puts rows in without that check: for foreign keys in a circle, and "
                "for a dump that holds more than rows"
            )
        if "lock timeout" in said:
            self._say("somebody else holds one of its tables: SELECT * FROM pg_stat_activity says who")

    def _is_in(self) -> bool:
        """A server that died in the middle may have taken the end in or not: it says so itself, once it is back."""
        try:
            self.rows.end_sessions()
        except SqlError:
            self._say("PostgreSQL does not answer, so nobody knows whether the dump is in: the next up finds out")
            return False
        end = time.monotonic() + KNOWN_WAIT_S
        while time.monotonic() < end:
            with suppress(SqlError):
                return bool(self._since())
            time.sleep(1)
        return False

    def _take_out(self, skip: Names) -> NoReturn:
        self._say("not healthy with the new rows: those of before are put back")
        before = self.dumps.before
        kept = f"they could not be put back, and the new ones are in: those of before are in {before}"
        if not self._stop():
            self._again(kept)
        try:
            self.rows.log_in(UNCHECKED)
            self.rows.put_back(before, self.digest, skip=skip)
        except (SqlError, NotDone) as error:
            print(error, flush=True)
            self._again(kept)
        self._again("the new rows were taken out again")

    def _back(self) -> bool:
        """Starts what serves, and waits until it is healthy; the site is back then. Whether all of that went well."""
        try:
            serving = {part: self.serving.of(part) for part in ORDER if part in self.gates}
            if not all(docker.start(container) for containers in serving.values() for container in containers):
                return False
            for part, containers in serving.items():
                for container in containers:
                    Gate(
                        what=f"{self.serving.service}/{part}",
                        container=container,
                        mask=self.mask,
                        advice="",
                        **self.gates[part],
                    ).pass_through()
            return self.serving.take_back()
        except Failure as failure:
            print(failure, flush=True)
            return False

    def _again(self, reason: str) -> NoReturn:
        """Ends with a `Failure`, after what served before serves again."""
        if self._back():
            raise self._failure(f"{reason}; what served before serves again")
        self.serving.take_back()
        raise self._failure(f"{reason}; but not all of it came back by itself: mend that, then run up again")

    def _failure(self, reason: str) -> Failure:
        return Failure(f"{self.what}: {reason}")

    def _say(self, text: str) -> None:
        print(f"{self.what}: {text}", flush=True)
