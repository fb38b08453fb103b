"""Restores a cluster into an empty volume, and lets PostgreSQL recover it to the target in a temporary container.

That container has the repository's keys and reaches the repository, and nothing reaches it. Archiving is off in it:
what it writes could not be told from the running cluster's own.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from . import backups, docker, files, recovery
from .failure import Failure
from .psql import Postgres, SqlError
from .recovery_plan import Plan

POLL_S, SILENT_S = 0.5, 300
SHOWN = 8
"""Lines of PostgreSQL's log in an error."""
NOT_REACHED = "recovery ended before configured recovery target was reached"
NOT_A_CHILD = "is not a child of this server's history"
# It accepts no connection before it is promoted, and needs none of the running cluster's settings for that.
SETTINGS = {
    "archive_mode": "off",
    "hot_standby": "off",
    "listen_addresses": "",
    "shared_buffers": "128MB",
    "max_wal_size": "2GB",
}


def await_promotion(container: str) -> bool:
    """Waits until the cluster in a container is promoted. Returns False if it ends before.

    It may take hours, so a Docker that does not answer for a moment does not end it.
    """
    heard = time.monotonic()
    while True:
        try:
            if not docker.is_running(container):
                return False
            heard = time.monotonic()
            if Postgres(container).query("SELECT pg_is_in_recovery();").strip() == "f":
                return True
        except SqlError:
            pass
        except docker.NoAnswer:
            if time.monotonic() - heard >= SILENT_S:
                raise
        time.sleep(POLL_S)


class OtherHistory(Failure):
    """The backup was made after the timeline had begun, so it does not belong to it."""


@dataclass(frozen=True, kw_only=True)
class Restore:
    """A backup, and the volume that it is restored into."""

    stack: str
    source: recovery.Source
    volume: str
    plan: Plan

    @property
    def container(self) -> str:
        """The temporary container."""
        return recovery.Names(self.stack).of("recovered-build")

    def run(self) -> str:
        """Returns the time of the last recovered commit, once the cluster is promoted and stopped cleanly."""
        to_the_end = self.plan.target is None
        while True:
            self._restore(to_the_end=to_the_end)
            if self._recover():
                break
            # No commit follows the target in the repository, so the end of the timeline is the same state.
            to_the_end = True
        postgres = Postgres(self.container)
        try:
            reached = postgres.query("SELECT pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC';").strip()
            postgres.query(files.sql("recovered_settings"))
        except SqlError as error:
            raise self._failed(f"PostgreSQL says: {error}") from None
        return reached

    def stop(self) -> None:
        """Stops PostgreSQL, so that everything is in the volume, and removes the container."""
        docker.stop([self.container], 300)
        recovery.remove_container(self.container)

    def _restore(self, *, to_the_end: bool) -> None:
        recovery.remove_container(self.container)
        self._run_once(
            ["--user", "0", "--cap-add", "CHOWN", "--cap-add", "FOWNER", "--entrypoint", "sh"],
            [
                *("-c", 'find "$1" -mindepth 1 -delete && chown postgres:postgres "$1" && chmod 700 "$1"', "sh"),
                recovery.DATA,
            ],
        )
        config = [f"--config={backups.CONFIGS[self.plan.repository]}"] if self.plan.repository == "second" else []
        options = [f"--stanza={backups.STANZA}", f"--pg1-path={recovery.DATA}", "--archive-mode=off", *config]
        words = [*options, *self.plan.options(to_the_end=to_the_end), "restore"]
        self._run_once(["--user", "postgres", "--entrypoint", "pgbackrest"], words)

    def _run_once(self, options: Sequence[str], words: Sequence[str]) -> None:
        result = docker.run("run", "--rm", *self._options(options), self.source.image, *words)
        if result.code:
            lines = (result.out + result.error).strip().splitlines()[-SHOWN:]
            raise Failure("\n".join([f"recover: {words[-1]} failed:", *(f"    {line}" for line in lines)]))

    def _recover(self) -> bool:
        """Starts PostgreSQL and waits until it is promoted. Returns False if the target is after the last commit."""
        recovery.remove_container(self.container)
        settings = [word for item in SETTINGS.items() for word in ("-c", "=".join(item))]
        options = self._options(["-d", *recovery.CAPABILITIES, "--stop-timeout", "300"])
        docker.check_output("run", *options, self.source.image, "postgres", *settings)
        if await_promotion(self.container):
            return True
        log = docker.logs(self.container, 200)
        if any(NOT_A_CHILD in line for line in log):
            raise OtherHistory(f"recover: the backup {self.plan.backup} is not of timeline {self.plan.timeline}")
        if any(NOT_REACHED in line for line in log) and self.plan.target and not self.plan.target.is_point:
            return False
        raise self._failed("PostgreSQL ended before it reached the target", log)

    def _options(self, options: Sequence[str]) -> list[str]:
        data = f"--mount=type=volume,src={self.volume},dst={recovery.DATA}"
        return self.source.words(self.container, stack=self.stack, options=[data, *options])

    def _failed(self, reason: str, log: Sequence[str] = ()) -> Failure:
        lines = list(log)[-SHOWN:] or docker.logs(self.container, SHOWN)
        return Failure("\n".join([f"recover: {reason}:", *(f"    {line}" for line in lines)]))
