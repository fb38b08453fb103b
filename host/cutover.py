"""cutover: the new Electric takes the replication slot over from the old one. Only one Electric can have the slot.

In this order no client gets an error, and none has to fetch a shape again:
  log in   the new Electric has logged in to PostgreSQL and waits for the old one's lock
  hold     from the switch on, requests wait in the gateway until the new Electric is active
  switch   the gateway's upstream is the new Electric; open requests stay with the old one
  kill     a stopped Electric keeps its lock for 15 s while a poll is open; a killed one releases it at once
  active   the new Electric has the slot
  release  the waiting requests continue

Safe to run again from any state: PostgreSQL records which container took the slot over last, and its storage.
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
from .psql import Postgres, SqlError, failure
from .retire import ELECTRIC, PART, SERVICE, STACK

POLL_S = 0.1
SLOT_S = 5
"""A new Electric creates its slot within this time, or the slot is lost."""
MARGIN_S = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("subject", help="service and part, as errors name them")
    parser.add_argument("container")
    parser.add_argument("--stack", required=True)
    parser.add_argument("--slot", required=True)
    parser.add_argument("--storage", required=True, help="the folder of its shapes: each image has its own")
    parser.add_argument("--generation", type=int, required=True, help="a new generation starts with a new slot")
    parser.add_argument("--postgres", required=True, help="its container")
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--timeout", type=int, required=True, help="seconds until the new one is active")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `database`; `check`, which an active Electric passes; `secrets` of its log; the slot's `fingerprint`."""
    subject, service = args.subject, args.subject.partition("/")[0]
    busy = f"{subject}: another cut-over is still running; run up again when it is done"
    name = f"{args.stack}-{service}-cutover"
    with lock.acquire(name, 2 * (args.timeout + MARGIN_S), busy), slots.wait_for_restore(args.stack, subject):
        cutover = Cutover(
            subject=subject,
            service=service,
            stack=args.stack,
            container=args.container,
            slot=args.slot,
            database=inputs["database"],
            target=Record(args.container, args.generation, args.storage),
            timeout_s=args.timeout,
            check=inputs["check"],
            mask=Mask(inputs.get("secrets", [])),
            fingerprint=inputs["fingerprint"],
            postgres=Postgres(args.postgres),
            gateway=Gateway(args.gateway),
        )
        try:
            cutover.run()
        except SqlError as error:
            raise failure(subject, error, cutover.mask) from None


@dataclass(frozen=True)
class Record:
    """PostgreSQL's record of a cut-over: the container that took the slot, its cache_generation and its storage."""

    container: str = ""
    generation: int = 0
    storage: str = ""

    @classmethod
    def read(cls, text: str) -> "Record":
        """Parses a record. The storage is missing in records of earlier versions."""
        container, generation, folder, *_ = [*text.strip("\n").split(" "), "", "", ""]
        return cls(container, int(generation or 0), folder)


@dataclass(frozen=True, kw_only=True)
class Cutover:
    """The cut-over of one service's Electric. `target` is the record that it ends with."""

    subject: str
    service: str
    stack: str
    container: str
    slot: str
    database: str
    target: Record
    timeout_s: int
    check: Sequence[str]
    mask: Mask
    fingerprint: str
    postgres: Postgres
    gateway: Gateway

    def run(self) -> None:
        """Returns once the new Electric serves. Raises a `Failure` once the old one serves again."""
        try:
            previous = Record.read(self._query("cutover_last", {"name": f"cutover/{self.service}"}))
        except SqlError:
            raise Failure(f"{self.subject}: PostgreSQL does not answer; nothing was touched: run up again") from None
        self._start()
        if previous.storage != self.target.storage and storage.has_served(self.subject, self.container):
            storage.empty(self.subject, self.container)
        labels = {STACK: self.stack, SERVICE: self.service, PART: ELECTRIC}
        old = [name for name in docker.list_containers(labels, running=True) if name != self.container]
        if old:
            self._wait_for_login()
        storage.mark_served(self.subject, self.container)
        begun = time.monotonic()
        if old or previous.generation != self.target.generation or not self._serves():
            # The old container still has the slot, which may advance without that container's storage from here on.
            self._record(replace(previous, storage=self.target.storage))
            self._cut_over(previous, old)
        else:
            self.gateway.switch_upstream(self.service, self.container)
        self._record(self.target, with_slot=True)
        print(f"{self.subject}: active after {time.monotonic() - begun:.1f} s")

    def _serves(self) -> bool:
        return docker.passes_check(self.container, self.check) and self._has_slot()

    def _wait_for_login(self) -> None:
        """Waits until the new Electric has logged in: one that cannot reach PostgreSQL reports `waiting` too."""
        begun = time.monotonic()
        while not self._query("logged_in", {"addresses": " ".join(docker.addresses(self.container))}, self.database):
            waited_s = time.monotonic() - begun
            if waited_s >= self.timeout_s or not docker.is_running(self.container):
                reason = f"the new Electric has not logged in to PostgreSQL after {waited_s:.0f} s"
                lines = gate.failure_lines(self.subject, self.container, reason, self.mask)
                raise Failure("\n".join([*lines, f"{self.subject}: {gate.OLD_STILL_SERVES}"]))
            time.sleep(POLL_S)

    def _cut_over(self, previous: Record, old: Sequence[str]) -> None:
        with self.gateway.hold_requests(self.subject, self.container, 2 * self.timeout_s + MARGIN_S):
            self.gateway.switch_upstream(self.service, self.container)
            try:
                reason = self._free_slot(previous, old) or self._wait_until_active(self.container, "the new Electric")
            except SqlError:
                raise
            except Failure as failure:
                reason = self._without_subject(failure)
            if reason:
                raise self._return_slot(reason, previous, old)

    def _free_slot(self, previous: Record, old: Sequence[str]) -> str:
        """Frees the slot for the new Electric. Returns why it cannot, or an empty text."""
        if previous.generation != self.target.generation:
            generation = f"cache_generation {self.target.generation}"
            print(
                f"{self.subject}: slot and shapes are created again ({generation}); clients fetch again by themselves"
            )
            docker.kill([self.container, *old])
            try:
                self._drop_slot()
            except SqlError:
                return "its slot cannot be dropped"
            self._start()
        elif old:
            if previous.storage != self.target.storage:
                print(f"{self.subject}: the new image starts with empty shapes; clients fetch again by themselves")
            docker.kill(old)
        elif not self._has_slot(SLOT_S):
            # Electric creates a dropped slot again only at its start.
            docker.kill([self.container])
            self._start()
        return ""

    def _wait_until_active(self, container: str, name: str) -> str:
        """Waits until a container is active. Returns why it is not, or an empty text."""
        restarts = docker.state(container).restarts
        begun = time.monotonic()
        while not docker.passes_check(container, self.check):
            waited_s = time.monotonic() - begun
            if _has_died(container, restarts):
                return f"{name} died"
            if waited_s >= self.timeout_s:
                return f"{name} is not active after {waited_s:.0f} s"
            time.sleep(POLL_S)
        return ""

    def _return_slot(self, reason: str, previous: Record, old: Sequence[str]) -> Failure:
        """Returns the slot to the old Electric, even if an interrupted run already stopped it."""
        lines = gate.failure_lines(self.subject, self.container, reason, self.mask)
        try:
            said = self._bring_back(previous, old)
        except Failure as failure:  # the first reason must not be lost
            said = [f"the old Electric may not serve: {self._without_subject(failure)}"]
        return Failure("\n".join([*lines, *(f"{self.subject}: {sentence}" for sentence in said)]))

    def _bring_back(self, previous: Record, old: Sequence[str]) -> list[str]:
        """Returns what became of it, in sentences."""
        exists = previous.container not in ("", self.container) and docker.exists(previous.container)
        back, said = [previous.container] if exists else list(old), []
        if not back:
            docker.start(self.container)  # it keeps trying
            return []
        with suppress(docker.Refused):
            docker.kill([self.container])
        try:
            if previous.storage != self.target.storage:
                # The new Electric may have been active for a moment, and its rows would be missing in the old shapes.
                self._drop_slot()
            self._record(previous)
        except SqlError:
            said = ["PostgreSQL does not answer; run up again"]
        for container in back:
            docker.start(container)
        problem = self._wait_until_active(back[0], "the old Electric")
        self.gateway.switch_upstream(self.service, back[0])
        return [*said, f"{problem}: run up again" if problem else "the old Electric serves again"]

    def _without_subject(self, failure: Failure) -> str:
        return str(failure).removeprefix(f"{self.subject}: ")

    def _start(self) -> None:
        # A failed cut-over has stopped it.
        if not docker.start(self.container):
            raise Failure(f"{self.subject}: container {self.container} cannot be started; run up again")

    def _drop_slot(self) -> None:
        for tries_left in reversed(range(docker.TRIES)):
            try:
                self._query("slot_drop", {"slot": self.slot}, self.database)
                return
            except SqlError:  # the session of a killed Electric may still end
                if not tries_left:
                    raise
            time.sleep(docker.PAUSE_S)

    def _has_slot(self, wait_s: float = 0) -> bool:
        end = time.monotonic() + wait_s
        while not (exists := bool(self._query("slot_exists", {"slot": self.slot}))) and time.monotonic() < end:
            time.sleep(POLL_S)
        return exists

    def _record(self, record: Record, *, with_slot: bool = False) -> None:
        slot = {"name": f"slot/{self.service}", "kind": "slot", "object": self.slot, "mark": self.fingerprint}
        mark = f"{record.generation} {record.storage}"
        cutover = {"name": f"cutover/{self.service}", "kind": "cutover", "object": record.container, "mark": mark}
        text = json.dumps([cutover, *([slot] if with_slot else [])])
        self._query("fingerprints_save", {"fingerprints": text})

    def _query(self, sql: str, values: Mapping[str, str], database: str = "postgres") -> str:
        return self.postgres.query(files.sql(sql), values, database=database).strip("\n")


def _has_died(container: str, restarts: int) -> bool:
    """Whether a container does not run, or runs again. A Docker that does not answer says neither."""
    try:
        now = docker.state(container)
    except docker.NotFound:
        return True
    except docker.NoAnswer:
        return False
    return not now.is_running or now.restarts != restarts
