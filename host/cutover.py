"""cutover: the new Electric takes over from the old one; only one at a time may hold the slot.

In this order no client sees an error, and none has to fetch a shape again:
  prove    the new one has logged in to PostgreSQL and waits there for the old one's lock
  hold     nobody asks the new one before it is active: from the turn on, requests wait in the gateway
  turn     the gateway leads to the new one; what is with the old one stays there
  kill     told to stop, the old one would keep its lock for 15 s while a poll is open; killed, it gives it up at once
  active   the new one has the slot
  release  what waited goes on

Safe to run again from any state: PostgreSQL remembers which container took the slot over last, and its storage.
"""

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from . import docker, files, gate, lock, slots, storage
from .failure import Failure
from .gateway import Gateway
from .mask import Mask
from .psql import Postgres, SqlError, failed
from .retire import ELECTRIC, PART, SERVICE, STACK

PAUSE_S = 0.1
SLOT_S = 5
"""How long a new Electric may take to make its slot before it counts as lost."""
MARGIN_S = 60


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", help="service and part, as errors name them")
    parser.add_argument("container")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--slot", required=True)
    parser.add_argument(
        "--storage", required=True, help="the folder of its shapes: another image begins with another one"
    )
    parser.add_argument("--generation", type=int, required=True, help="a new one begins with a new slot")
    parser.add_argument("--postgres", required=True, help="its container")
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--timeout", type=int, required=True, help="seconds until the new one is active")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `database`; `check`, which an active one passes; `secrets` of its log; the slot's `fingerprint`."""
    what, service = given.what, given.what.partition("/")[0]
    still = f"{what}: another cut-over is still running; run up again when it is done"
    name = f"{given.stack}-{service}-cutover"
    with lock.held(name, 2 * (given.timeout + MARGIN_S), still), slots.after_restore(given.stack, what):
        cutover = Cutover(
            what=what,
            service=service,
            stack=given.stack,
            container=given.container,
            slot=given.slot,
            database=told["database"],
            now=Record(given.container, given.generation, given.storage),
            timeout_s=given.timeout,
            check=told["check"],
            mask=Mask(told.get("secrets", [])),
            fingerprint=told["fingerprint"],
            postgres=Postgres(given.postgres),
            gateway=Gateway(given.gateway),
        )
        try:
            cutover.run()
        except SqlError as error:
            raise failed(what, error, cutover.mask) from None


@dataclass(frozen=True)
class Record:
    """What PostgreSQL remembers: who took the slot over last, in which cache_generation, into which storage."""

    container: str = ""
    generation: int = 0
    storage: str = ""

    @classmethod
    def read(cls, text: str) -> "Record":
        """Of an earlier release it may lack the storage."""
        container, generation, folder, *_ = [*text.strip("\n").split(" "), "", "", ""]
        return cls(container, int(generation or 0), folder)


@dataclass(frozen=True, kw_only=True)
class Cutover:
    """One service's Electric, and what it changes over with. `now` is what shall be remembered."""

    what: str
    service: str
    stack: str
    container: str
    slot: str
    database: str
    now: Record
    timeout_s: int
    check: Sequence[str]
    mask: Mask
    fingerprint: str
    postgres: Postgres
    gateway: Gateway

    def run(self) -> None:
        """Returns once the new one serves; a `Failure` once the old one serves again."""
        try:
            last = Record.read(self._ask("cutover_last", {"name": f"cutover/{self.service}"}))
        except SqlError:
            raise Failure(f"{self.what}: PostgreSQL does not answer; nothing was touched: run up again") from None
        self._start()
        if last.storage != self.now.storage and storage.has_served(self.container):
            storage.empty(self.what, self.container)
        labels = {STACK: self.stack, SERVICE: self.service, PART: ELECTRIC}
        old = [name for name in docker.names(labels, running=True) if name != self.container]
        if old:
            self._prove_login()
        storage.note(self.what, self.container)
        begun = time.monotonic()
        if old or last.generation != self.now.generation or not self._serves():
            # From here on the slot may move on without the old one's storage.
            self._remember(replace(last, storage=self.now.storage))
            self._change_over(last, old)
        else:
            self.gateway.turn(self.service, self.container)
        self._remember(self.now, with_slot=True)
        print(f"{self.what}: active after {time.monotonic() - begun:.1f} s")

    def _serves(self) -> bool:
        return docker.answers(self.container, self.check) and self._has_slot()

    def _prove_login(self) -> None:
        """An Electric that never reached PostgreSQL says that it waits, too."""
        begun = time.monotonic()
        while not self._ask("logged_in", {"addresses": " ".join(docker.addresses(self.container))}, self.database):
            waited_s = time.monotonic() - begun
            if waited_s >= self.timeout_s or not docker.is_running(self.container):
                reason = f"the new Electric has not logged in to PostgreSQL after {waited_s:.0f} s"
                lines = gate.last_lines(self.what, self.container, reason, self.mask)
                raise Failure("\n".join([*lines, f"{self.what}: {gate.STILL_SERVES}"]))
            time.sleep(PAUSE_S)

    def _change_over(self, last: Record, old: Sequence[str]) -> None:
        with self.gateway.holding(self.what, self.container, 2 * self.timeout_s + MARGIN_S):
            self.gateway.turn(self.service, self.container)
            try:
                reason = self._take_over(last, old) or self._inactive(self.container, "the new Electric")
            except docker.Refused as refused:
                reason = str(refused)
            if reason:
                raise self._go_back(reason, last, old)

    def _take_over(self, last: Record, old: Sequence[str]) -> str:
        """Why the slot cannot be the new one's; nothing where it can."""
        if last.generation != self.now.generation:
            generation = f"cache_generation {self.now.generation}"
            print(f"{self.what}: slot and shapes begin anew ({generation}); clients fetch again by themselves")
            docker.kill([self.container, *old])
            try:
                self._ask("slot_drop", {"slot": self.slot}, self.database)
            except SqlError:
                return "its slot cannot be dropped"
            self._start()
        elif old:
            if last.storage != self.now.storage:
                print(f"{self.what}: shapes begin anew with another image; clients fetch again by themselves")
            docker.kill(old)
        elif not self._has_slot(SLOT_S):
            # One that was dropped under a running Electric comes back as it starts.
            docker.kill([self.container])
            self._start()
        return ""

    def _inactive(self, container: str, who: str) -> str:
        """Why a container has not become active; nothing once it has."""
        restarts = docker.state(container).restarts
        begun = time.monotonic()
        while not docker.answers(container, self.check):
            waited_s = time.monotonic() - begun
            if not docker.is_running(container) or docker.state(container).restarts != restarts:
                return f"{who} died"
            if waited_s >= self.timeout_s:
                return f"{who} is not active after {waited_s:.0f} s"
            time.sleep(PAUSE_S)
        return ""

    def _go_back(self, reason: str, last: Record, old: Sequence[str]) -> Failure:
        """Gives the slot back to the one that had it, even if an interrupted run already stopped that one."""
        lines = gate.last_lines(self.what, self.container, reason, self.mask)
        is_there = last.container not in ("", self.container) and docker.is_there(last.container)
        back = [last.container] if is_there else list(old)
        if not back:
            docker.start(self.container)  # it goes on trying
            return Failure("\n".join(lines))
        with suppress(docker.Refused):
            docker.kill([self.container])
        try:
            if last.storage != self.now.storage:
                # The new one may have been active for a moment: what it has read would be missing from the old shapes.
                self._ask("slot_drop", {"slot": self.slot}, self.database)
            self._remember(last)
        except SqlError:
            lines.append(f"{self.what}: PostgreSQL does not answer; run up again")
        for container in back:
            docker.start(container)
        missing = self._inactive(back[0], "the old Electric")
        self.gateway.turn(self.service, back[0])
        lines.append(f"{self.what}: {f'{missing}: run up again' if missing else 'the old Electric serves again'}")
        return Failure("\n".join(lines))

    def _start(self) -> None:
        # One that could not take over before was stopped.
        if not docker.start(self.container):
            raise Failure(f"{self.what}: container {self.container} cannot be started; run up again")

    def _has_slot(self, wait_s: float = 0) -> bool:
        end = time.monotonic() + wait_s
        while not (found := bool(self._ask("slot_exists", {"slot": self.slot}))) and time.monotonic() < end:
            time.sleep(PAUSE_S)
        return found

    def _remember(self, record: Record, *, with_slot: bool = False) -> None:
        slot = {"name": f"slot/{self.service}", "kind": "slot", "object": self.slot, "mark": self.fingerprint}
        mark = f"{record.generation} {record.storage}"
        cutover = {"name": f"cutover/{self.service}", "kind": "cutover", "object": record.container, "mark": mark}
        text = json.dumps([cutover, *([slot] if with_slot else [])])
        self._ask("fingerprints_leave", {"fingerprints": text})

    def _ask(self, sql: str, values: Mapping[str, str], database: str = "postgres") -> str:
        return self.postgres.ask(files.sql(sql), values, database=database).strip("\n")
