"""Checksums of all tables of a database: of the live one at an exact moment, and of a restored one."""

import json
import subprocess
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from threading import Timer

from .. import files
from ..failure import Failure
from . import settings
from .pgbackrest import environment
from .postgres import PSQL, SESSION
from .settings import Settings
from .wal import LSN, parse_lsn

SNAPSHOT_S = 900
"""Seconds to wait for the transactions that were open before: a snapshot with an LSN needs their end."""
READ_S = 6 * 3600
LOCK_TIMEOUT = "30s"
"""A table that somebody else has locked for longer says nothing."""
OPTIONS = f"{SESSION} -c max_parallel_workers_per_gather=0 -c lock_timeout={LOCK_TIMEOUT}"
BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;\n"


@dataclass(frozen=True)
class Table:
    """A table's rows, or why they say nothing."""

    rows: int = 0
    sum: str = ""
    changed: bool = False
    """Whether it was truncated, rewritten or dropped between the snapshot and its reading, or cannot be read."""


@dataclass
class Checksums:
    """All tables of a database. `lsn` is where the live one was."""

    tables: dict[str, Table] = field(default_factory=dict)
    error: str = ""
    lsn: int = 0
    at: float = 0

    @property
    def rows(self) -> int:
        """The number of all rows."""
        return sum(table.rows for table in self.tables.values())


def of_live(chosen: Settings, database: str) -> Checksums:
    """Reads the live database in one snapshot, whose LSN a temporary replication slot tells."""
    slot = (
        f"CREATE_REPLICATION_SLOT \"sertantai_{uuid.uuid4().hex[:12]}\" TEMPORARY LOGICAL pgoutput (SNAPSHOT 'use');\n"
    )
    found = _read(f"{_target(database)} replication=database", BEGIN + slot, environment(chosen), SNAPSHOT_S)
    if not found.lsn:
        raise Failure(f"backup/verify: {database}: no snapshot of the live database: {_explain(found.error)}")
    return found


def of_restored(connection: Mapping[str, str], database: str) -> Checksums:
    """Reads the restored database. `connection` is the environment that leads there."""
    return _read(_target(database), BEGIN, connection, READ_S)


def _target(database: str) -> str:
    """Returns a connection string."""
    name = database.replace("\\", "\\\\").replace("'", "\\'")
    return f"dbname='{name}'"


def _read(target: str, begin: str, connection: Mapping[str, str], first_s: float) -> Checksums:
    process = subprocess.Popen(
        [*_without_stop(), "-d", target],
        env={**connection, "PGOPTIONS": OPTIONS, "PGCONNECT_TIMEOUT": "10"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
    )
    timer = Timer(first_s, process.kill)
    timer.start()
    try:
        if process.stdin:
            process.stdin.write(f"{begin}{files.sql('backup_rows')}COMMIT;\n")
            process.stdin.close()
        found = _parse(process.stdout or (), timer)
        found.error = process.stderr.read() if process.stderr else ""
    finally:
        timer.cancel()
        process.wait()
    return found


def _without_stop() -> list[str]:
    # One table that cannot be read must not hide the others.
    return [word.replace("ON_ERROR_STOP=1", "ON_ERROR_STOP=0") for word in PSQL]


def _parse(lines: Iterable[str], timer: Timer) -> Checksums:
    found = Checksums()
    for line in lines:
        timer.cancel()
        if not line.startswith("{"):
            lsn = line.split("|")[1]
            found.lsn, found.at = parse_lsn(lsn) if LSN.fullmatch(lsn) else 0, time.time()
            continue
        values = json.loads(line)
        name = values.pop("table")
        found.tables[name] = Table(**values)
    return found


def _explain(error: str) -> str:
    text = settings.mask()(error.strip().splitlines()[0] if error.strip() else "PostgreSQL gave no answer in time")
    if "replication slots are in use" in text:
        return "all replication slots are in use; raise postgres/max_replication_slots by one"
    if not error.strip():
        text += ": is a transaction open for long? see pg_stat_activity"
    return text[:400]
