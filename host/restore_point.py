"""Restore points: names in PostgreSQL's log, to which a recovery can bring the cluster back."""

import time

from . import backups, psql
from .failure import Failure

CREATE = "SELECT pg_create_restore_point(:'point');\n"
# Else the end of the segment would be archived seconds later.
SWITCH = "SELECT pg_switch_wal() \\g /dev/null\n"


def name(subject: str) -> str:
    """Returns the name of a restore point of this moment."""
    return f"{subject}-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}"


def create(postgres: psql.Postgres, point: str, *, archives: bool) -> str:
    """Creates a restore point and returns its position. With `archives`, PostgreSQL archives it at once."""
    return postgres.query(CREATE + (SWITCH if archives else ""), {"point": point}).strip()


def wait_archived(backup: str, position: str, subject: str) -> None:
    """Returns once the log up to `position` is in the repository. `backup` is the backup container."""
    try:
        backups.call(backup, "wait-archived", position)
    except Failure as failure:
        problem = "its restore point does not reach the repository, so nothing was changed"
        raise Failure(f"{subject}: {problem}: {failure}; run up again") from None


def way_back(point: str) -> str:
    """Returns what brings the cluster back to an archived restore point."""
    return f"`./sertantai recover --to {point}` comes back to it"
