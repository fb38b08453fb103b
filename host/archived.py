"""Waits until what the running cluster has committed is in the repository."""

from . import backups, files, recovery
from .failure import Failure
from .psql import Postgres, SqlError

TIMEOUT_S = 90


def mark(stack: str, *, names: recovery.Names) -> str:
    """Ends the current WAL segment with a commit and waits until it is archived. Returns why it is not, or nothing.

    It prints the reason too: a recovery to an earlier moment does not need that commit.
    """
    try:
        lsn = Postgres(names.of("postgres")).query(files.sql("recovery_mark")).strip()
    except SqlError:
        problem = "PostgreSQL does not answer"
    else:
        problem = _wait(names.of("backup"), lsn)
    if problem:
        print(f"recover: what was committed last is not in the repository: {problem}", flush=True)
    return problem


def _wait(container: str, lsn: str) -> str:
    try:
        backups.call(container, "wait-archived", lsn, "--timeout", str(TIMEOUT_S))
    except Failure as failure:
        return str(failure)
    return ""
