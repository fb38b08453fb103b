"""Gives a recovered cluster the running one's roles, so that today's logins work in it, and no login of then."""

import tempfile

from . import docker, files
from .failure import Failure
from .psql import Postgres, SqlError

DATABASES = "SELECT datname FROM pg_database WHERE datallowconn AND NOT datistemplate ORDER BY datname;"


def copy(running: str, recovered: str) -> None:
    """Makes the roles of the container `recovered` equal to those of `running`. No password is in any argument."""
    try:
        Postgres(recovered).query(files.sql("recovery_roles"))
    except SqlError as error:
        raise Failure(f"recover: the roles cannot be made equal: PostgreSQL says: {error}") from None
    with tempfile.TemporaryFile() as roles:
        dump = ["exec", running, "pg_dumpall", "--username=postgres", "--roles-only", "--no-comments"]
        if docker.pipe(*dump, stdout=roles).wait():
            raise Failure("recover: the running cluster's roles cannot be read; run the same command again")
        roles.seek(0)
        # Most roles exist already: CREATE ROLE fails for these, and the ALTER ROLE after it makes them equal.
        options = "-c default_transaction_read_only=off -c log_min_error_statement=panic -c log_statement=none"
        feed = ["exec", "-i", "-e", f"PGOPTIONS={options}", recovered, "psql", "-X", "-q", "-U", "postgres"]
        if docker.pipe(*feed, stdin=roles).wait():
            raise Failure("recover: the roles cannot be created in the recovered cluster; run the same command again")


def copy_rules(running: str, recovered: str) -> None:
    """Gives it the running cluster's rules for logins too."""
    for name in ("pg_hba.conf", "pg_ident.conf"):
        setting = "hba_file" if name == "pg_hba.conf" else "ident_file"
        path, target = (Postgres(each).query(f"SHOW {setting};").strip() for each in (running, recovered))
        result = docker.execute(running, ["cat", path])
        if not result.code:
            result = docker.execute(recovered, ["sh", "-c", 'cat > "$1"', "sh", target], stdin=result.out)
        if result.code:
            raise Failure(f"recover: {name} cannot be copied: {result.error.strip()}")
