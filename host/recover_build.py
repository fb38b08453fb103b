"""recover-build: build the cluster of an earlier moment next to the running one, which is not touched.

Safe to run again: a complete one stays, and an interrupted one begins again.
"""

import argparse
import time
from collections.abc import Mapping
from typing import Any

from . import archived, docker, recovery, recovery_roles
from .failure import Failure
from .recovery_plan import Target, parse, plan
from .recovery_restore import Restore

START_TIMEOUT_S = 600
SPARE_BYTES = 2 << 30
"""For the log that is replayed, and for the running cluster."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("target", help="a time, UTC unless it says otherwise, or a restore point")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Ends with the running container `recovered`."""
    target = parse(args.target)
    if not target:
        raise Failure("--to: name a time or a restore point")
    names = recovery.Names(args.stack)
    with names.locked():
        running = recovery.Running.read(args.stack)
        if (current := names.recovered()) == target.id:
            names.end(names.of(f"postgres-{target.id}"))
            print(f"recover: the cluster of {target.shown} is in {names.of('recovered')} already")
        elif current:
            raise Failure(
                f"recover: the cluster {current} is there: look at it, or remove it first: `./sertantai recover --drop`"
            )
        else:
            Build(names, running, target).run()


class Build:
    """One recovered cluster."""

    def __init__(self, names: recovery.Names, running: recovery.Running, target: Target) -> None:
        self.names, self.running, self.target = names, running, target
        self.volume = names.of(f"postgres-{target.id}")
        self.container = names.of("recovered")

    def run(self) -> None:
        """Restores, recovers, and starts the cluster again without any key."""
        archived.mark(self.running.stack, names=self.names)
        way = plan(self.target, self.running.source.status(self.running.stack))
        self._check_space(way.size)
        self._make_volume()
        print(f"recover: restoring {way.shown} into the volume {self.volume}", flush=True)
        begun = time.monotonic()
        restore = Restore(stack=self.names.stack, source=self.running.source, volume=self.volume, plan=way)
        reached = restore.run()
        recovery_roles.copy(self.names.of("postgres"), restore.container)
        recovery_roles.copy_rules(self.names.of("postgres"), restore.container)
        restore.stop()
        self._start(reached)
        self.names.end(self.volume)
        took_s = time.monotonic() - begun
        print(f"recover: the cluster of {self.target.shown} is in {self.container} after {took_s:.0f} s")

    def _check_space(self, size: int) -> None:
        """Raises a `Failure` if PostgreSQL itself could run out of space."""
        words = ["df", "--block-size=1", "--output=avail", recovery.DATA]
        result = docker.execute(self.names.of("postgres"), words)
        if result.code:
            raise Failure(f"recover: the free space on PostgreSQL's disk cannot be read: {result.error.strip()}")
        free = result.out.split()
        if int(free[-1]) < size + SPARE_BYTES:
            raise Failure(
                f"recover: {int(free[-1]) >> 20} MB are free on PostgreSQL's disk and the recovered cluster needs "
                f"{(size + SPARE_BYTES) >> 20} MB: free some (docs/faults.md)"
            )

    def _make_volume(self) -> None:
        """Creates the volume. Only a volume of an interrupted recovery is removed first."""
        begun = self.names.begun
        if begun.exists():
            docker.remove(self.names.of("recovered-build"))
            recovery.remove_volume(begun.read_text())
        if self.volume in docker.check_output("volume", "ls", "-q").split():
            raise Failure(
                f"recover: the volume {self.volume} of an earlier recovery is kept: choose another second, or delete "
                f"it first: `./sertantai recover --forget {self.volume}`"
            )
        begun.write_text(self.volume)
        labels = {recovery.STACK: self.running.stack, **self.running.owner}
        recovery.create_volume(self.volume, self.running.volume, labels)

    def _start(self, reached: str) -> None:
        """Starts it like PostgreSQL, except that nothing can be written or archived, and that it has no key."""
        running = self.running
        settings = running.settings(
            archive_mode="off", default_transaction_read_only="on", shared_buffers="128MB", max_wal_size="2GB"
        )
        labels = {
            **running.owner,
            recovery.STACK: running.stack,
            recovery.PART: "recovered",
            recovery.RECOVERED: self.target.id,
            recovery.REACHED: reached,
        }
        docker.check_output(
            # Read-only is only a default, which each login may change. So no service may reach it before a promotion.
            *("run", "-d", "--name", self.container, "--network", "none"),
            *(*recovery.HARDENED, *recovery.CAPABILITIES, "--stop-timeout", "120"),
            *("--memory", str(running.source.memory), "--shm-size", str(running.shm), "--restart", "unless-stopped"),
            *(word for key, value in labels.items() for word in ("--label", f"{key}={value}")),
            f"--mount=type=volume,src={self.volume},dst={recovery.DATA}",
            *(running.source.image, *settings),
        )
        end = time.monotonic() + START_TIMEOUT_S
        while not docker.passes_check(self.container, ["pg_isready", "-q", "-U", "postgres"]):
            if time.monotonic() >= end or not docker.is_running(self.container):
                lines = "\n".join(f"    {line}" for line in docker.logs(self.container, 8))
                docker.remove(self.container)
                raise Failure(f"recover: the recovered cluster does not start:\n{lines}")
            time.sleep(0.2)
