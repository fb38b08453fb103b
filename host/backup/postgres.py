"""Queries the live PostgreSQL over TCP, as the role for backups."""

import json
import subprocess
from dataclasses import dataclass
from typing import Any

from .. import files
from ..failure import Failure
from . import settings
from .pgbackrest import environment
from .settings import Settings
from .wal import FILE, Wal, timeline

# An owner's defaults for a database cannot change what a query means or returns.
SESSION = " ".join(
    f"-c {option}"
    for option in (
        "search_path=pg_catalog",
        "client_encoding=UTF8",
        "DateStyle=ISO",
        "IntervalStyle=postgres",
        "TimeZone=UTC",
        "bytea_output=hex",
        "extra_float_digits=1",
        "lc_monetary=C",
        "xmlbinary=base64",
        "quote_all_identifiers=off",
        "standard_conforming_strings=on",
        "row_security=on",
        "client_min_messages=warning",
        "statement_timeout=0",
        "idle_in_transaction_session_timeout=0",
        "default_transaction_read_only=off",
        "jit=off",
    )
)
PSQL = ["psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=terse"]
TIMEOUT_S = 60


class SqlError(Failure):
    """PostgreSQL does not answer, or refuses a statement."""


@dataclass(frozen=True)
class Archiver:
    """How far PostgreSQL's archiving is."""

    system: int
    wal: Wal
    """Knows the names of the cluster's WAL files."""
    timeline: int
    lsn: int
    """The end of what is written."""
    last_wal: str
    last_time: str
    failed_wal: str
    """The file that archiving fails for now, or an empty text."""

    @property
    def last_number(self) -> int | None:
        """The number of the newest archived file, or None if that is of an older timeline or no WAL file."""
        name = self.last_wal[:24]
        return self.wal.number(name) if FILE.fullmatch(name) and timeline(name) == self.timeline else None


@dataclass(frozen=True)
class Live:
    """The running cluster."""

    settings: Settings

    def query(self, sql: str, database: str = "postgres") -> str:
        """Runs SQL and returns its output. Raises `SqlError`."""
        environment_ = {**environment(self.settings), "PGOPTIONS": SESSION, "PGCONNECT_TIMEOUT": "10"}
        try:
            result = subprocess.run(
                [*PSQL, "-d", database],
                input=sql,
                env=environment_,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise SqlError(f"postgres: gave no answer in {TIMEOUT_S} s") from None
        if result.returncode:
            raise SqlError(f"postgres: {settings.mask()(result.stderr.strip())[:400]}")
        return result.stdout.strip()

    def archiver(self) -> Archiver:
        """Reads how far archiving is."""
        values: dict[str, Any] = json.loads(self.query(files.sql("backup_archiver")))
        return Archiver(**{**values, "wal": Wal(values["wal"]), "system": int(values["system"])})
