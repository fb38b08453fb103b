"""The scratch cluster: a restored backup, recovered to an LSN, without network and without keys in its environment."""

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from .. import files
from ..failure import Failure
from . import places, settings
from .pgbackrest import LONGEST_S, Repository
from .postgres import PSQL, SESSION
from .wal import format_lsn

STOP_S = 20
POLL_S = 0.5
GENTLE = ["nice", "-n", "10"]
ENVIRONMENT = {"PATH": os.environ.get("PATH", ""), "LANG": "C.UTF-8", "TZ": "UTC"}
# A quarter of the container's memory at most. Nothing of the restored cluster runs by itself: no autovacuum, no
# subscription, no library of an extension. It is thrown away, so nothing waits for the disk.
SETTINGS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "32MB",
    "work_mem": "4MB",
    "maintenance_work_mem": "16MB",
    "max_connections": "20",
    "max_wal_senders": "0",
    "max_replication_slots": "0",
    "max_logical_replication_workers": "0",
    "max_parallel_workers": "0",
    "shared_preload_libraries": "",
    "wal_level": "replica",
    "archive_mode": "off",
    "hot_standby": "off",
    "autovacuum": "off",
    "autovacuum_freeze_max_age": "2000000000",
    "autovacuum_multixact_freeze_max_age": "2000000000",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "1h",
    "lc_messages": "C",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
    "log_parameter_max_length": "0",
    "recovery_target_inclusive": "off",
    "recovery_target_action": "promote",
}


@dataclass(frozen=True)
class Target:
    """What is restored, and to where it is recovered."""

    label: str
    lsn: int
    timeline: int
    excluded: Sequence[str]
    """Databases whose files are left empty."""
    options: Mapping[str, str]
    """Settings that a recovery needs from the live cluster."""


class Scratch:
    """One scratch cluster at a time, in a folder that `clear` removes."""

    def __init__(self, repository: Repository) -> None:
        self._repository, self._folder = repository, places.SCRATCH
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def connection(self) -> dict[str, str]:
        """The environment that leads to it, as a role without superuser's rights."""
        return {**ENVIRONMENT, "PGHOST": str(self._folder), "PGUSER": self._repository.settings.user}

    def build(self, target: Target) -> None:
        """Returns once the cluster is recovered to the target."""
        clear()
        for folder in (self._folder, self._data):
            folder.mkdir(mode=0o700)
        self._restore(target)
        self._configure(target)
        self._start()
        self._wait()

    def _restore(self, target: Target) -> None:
        where = [
            f"--pg1-path={self._data}",
            f"--set={target.label}",
            f"--tablespace-map-all={self._folder}/tablespaces",
        ]
        how = ["--type=lsn", f"--target={format_lsn(target.lsn)}", "--archive-mode=off"]
        self._repository.run(*where, *how, *(f"--db-exclude={name}" for name in target.excluded), "restore")

    def _configure(self, target: Target) -> None:
        """Replaces the live cluster's files, which name its own places, and settings of ALTER SYSTEM."""
        get = [f"--pg1-path={self._data}", f"--spool-path={self._folder}/spool", f"--lock-path={self._folder}/lock"]
        # Files that wait to be replayed are in the container's memory, as part of its cache.
        command = self._repository.command(*get, "--archive-get-queue-max=64MiB", "archive-get", "%f", "%p")
        values = {
            **SETTINGS,
            **target.options,
            "unix_socket_directories": str(self._folder),
            "hba_file": str(self._folder / "pg_hba.conf"),
            "ident_file": str(self._folder / "pg_ident.conf"),
            "restore_command": " ".join(command),
            "recovery_target_lsn": format_lsn(target.lsn),
            "recovery_target_timeline": str(target.timeline),
        }
        lines = [f"{name} = '{value}'" for name, value in values.items()]
        (self._folder / "postgresql.conf").write_text("\n".join([*lines, ""]))
        (self._folder / "pg_hba.conf").write_text("local all all trust\n")
        (self._folder / "pg_ident.conf").write_text("")
        (self._data / "postgresql.auto.conf").write_text("")
        (self._data / "recovery.signal").touch()

    def _start(self) -> None:
        command = ["postgres", "-D", str(self._data), "-c", f"config_file={self._folder}/postgresql.conf"]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [*GENTLE, *command], env=ENVIRONMENT, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _wait(self) -> None:
        """PostgreSQL accepts connections once it is recovered and promoted: it is no hot standby."""
        end = time.monotonic() + LONGEST_S
        while self._query("SELECT pg_is_in_recovery()") != "f":
            if self._process is None or self._process.poll() is not None or time.monotonic() >= end:
                raise Failure(f"backup/verify: the restored cluster does not recover: {self._reason()}")
            time.sleep(POLL_S)

    def _query(self, sql: str, database: str = "postgres", user: str = "postgres") -> str:
        options = {"PGUSER": user, "PGOPTIONS": SESSION, "PGCONNECT_TIMEOUT": "10"}
        command = [*PSQL, "-d", database, "-c", sql]
        result = subprocess.run(command, env=self.connection | options, capture_output=True, text=True, check=False)
        return result.stdout.strip()

    def check(self, database: str) -> str:
        """Checks the structure of all tables and indexes. Returns the first error, or an empty text."""
        user = self._repository.settings.user
        prepare = [*PSQL, "-d", database, "-v", f"role={user}"]
        environment = {**self.connection, "PGUSER": "postgres", "PGOPTIONS": SESSION}
        done = subprocess.run(
            prepare, input=files.sql("backup_amcheck"), env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            return f"amcheck cannot be used: {done.stderr.strip()[:200]}"
        command = [*GENTLE, "pg_amcheck", "--database", database, "--no-strict-names"]
        done = subprocess.run(
            command,
            env=self.connection | {"PGOPTIONS": SESSION},
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if not done.returncode:
            return ""
        lines = [line.strip() for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        return settings.mask()(f"pg_amcheck: {' '.join(lines[:2])}")[:400]

    def _reason(self) -> str:
        lines = (self._folder / "log").read_text(errors="replace").splitlines()
        worst = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "ERROR"))] or lines[-1:]
        ours = [line for line in worst if "starting up" not in line and "not accepting" not in line] or worst
        return settings.mask()(ours[0].partition("] ")[2] or ours[0])[:400] if ours else "it left no log"


def clear() -> None:
    """Ends and removes the scratch cluster, also one that a killed run has left."""
    if pid := _postmaster(places.SCRATCH):
        _end(pid)
    for _ in range(3):  # a process that ends may still write
        shutil.rmtree(places.SCRATCH, ignore_errors=True)
        if not places.SCRATCH.exists():
            return
        time.sleep(1)
    raise Failure(f"backup/verify: {places.SCRATCH} cannot be removed")


def _postmaster(folder: Path) -> int:
    """Returns the process of the scratch cluster, or 0."""
    with suppress(OSError, ValueError, IndexError):
        pid = int((folder / "data" / "postmaster.pid").read_text().split()[0])
        if str(folder).encode() in Path(f"/proc/{pid}/cmdline").read_bytes():
            return pid
    return 0


def _end(pid: int) -> None:
    for sign in (signal.SIGQUIT, signal.SIGKILL):
        with suppress(ProcessLookupError):
            os.kill(pid, sign)
        end = time.monotonic() + STOP_S
        while time.monotonic() < end:
            if not _postmaster(places.SCRATCH):
                return
            time.sleep(POLL_S)
