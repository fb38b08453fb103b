"""Makes one backup in one repository."""

import subprocess
import time
from collections.abc import Callable

from ..failure import Failure
from .pgbackrest import LONGEST_S, Repository

STOPPED = (130, 143, -15, -2)
POLL_S = 1


def make(repository: Repository, kind: str, meanwhile: Callable[[], None] = lambda: None) -> str:
    """Makes a backup and returns its label. `meanwhile` is called again and again until it is made."""
    before = {backup["label"] for backup in repository.info().backups}
    _run(repository, kind, meanwhile)
    info = repository.info()
    new = [backup for backup in info.backups if backup["label"] not in before]
    if not new:
        raise Failure(f"{repository.subject}: {info.error or 'pgBackRest reported success and made no backup'}")
    label = str(new[-1]["label"])
    if new[-1].get("error"):
        raise Failure(
            f"{repository.subject}: backup {label} has pages with wrong checksums: PostgreSQL's disk has damaged them; "
            "see the log of PostgreSQL's container, and recover to an earlier backup"
        )
    return label


def _run(repository: Repository, kind: str, meanwhile: Callable[[], None]) -> None:
    process = repository.start(f"--type={kind}", "backup")
    end = time.monotonic() + LONGEST_S
    while True:
        try:
            out, error = process.communicate(timeout=POLL_S)
            break
        except subprocess.TimeoutExpired:
            meanwhile()
            if time.monotonic() >= end:
                process.kill()
    if process.returncode in STOPPED:
        raise Failure(f"{repository.subject}: the backup was stopped; the next turn makes it again")
    if process.returncode:
        raise repository.failure(error + out)
