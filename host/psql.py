"""Queries PostgreSQL with the psql in its own container."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from . import docker
from .failure import Failure
from .mask import Mask

SUPERUSER = "postgres"
NO_SECRETS = Mask([])
# A database's owner can set defaults for all sessions on it. These options override them: the owner's names cannot hide
# built-in ones, and the owner's locks and queries cannot block a step. They also survive psql's \connect.
BUILT_IN = "-c search_path=pg_catalog -c standard_conforming_strings=on"
# `ALTER DATABASE ... SET role` would change the superuser's role.
OWN_ROLE = "-c role=none"
_SESSION = (
    f"{BUILT_IN} -c lock_timeout=10s -c statement_timeout=5min "
    "-c default_transaction_read_only=off -c idle_session_timeout=0 -c idle_in_transaction_session_timeout=0 "
    "-c client_encoding=UTF8 -c client_min_messages=warning"
)
# No statement of a step is logged: it may contain a password.
_AS_SUPERUSER = (
    f"{_SESSION} {OWN_ROLE} -c log_min_error_statement=panic -c log_min_duration_statement=-1 -c log_statement=none"
)
# Roles, databases and the platform's tables are shared by the whole cluster: one step at a time changes them, in the
# database postgres. PostgreSQL has these locks for each database apart.
_ONE_AT_A_TIME = """SET lock_timeout = '4min';
SELECT pg_advisory_lock(hashtext('sertantai')) \\g /dev/null
RESET lock_timeout;
"""
SCRIPT_FAILED = 3
"""psql's exit code after a failed statement."""


class SqlError(Failure):
    """PostgreSQL does not answer, or refuses a statement. The text is PostgreSQL's, without the statement."""


class Unreachable(SqlError):
    """PostgreSQL does not answer."""


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL, by the name of its container."""

    container: str

    def query(
        self,
        sql: str,
        variables: Mapping[str, str] | None = None,
        *,
        database: str = "postgres",
        user: str = SUPERUSER,
        exclusive: bool = False,
        timeout_s: float | None = None,
    ) -> str:
        """Runs `sql` and returns its output, unaligned. Raises `SqlError`, also after `timeout_s`.

        `variables` are psql's (:'name', :"name"), passed by the environment. `exclusive` calls in the same
        database run one at a time.
        """
        command, environment = self._command(variables or {}, database, user)
        getenv = "".join(f"\\getenv {name} {_environment_name(name)}\n" for name in variables or {})
        sql = f"{getenv}{_ONE_AT_A_TIME if exclusive else ''}{sql}"
        result = docker.run(*command, stdin=sql, timeout_s=timeout_s, environment=environment)
        if result.code:
            raise (SqlError if result.code == SCRIPT_FAILED else Unreachable)(result.error.strip())
        return result.out

    def pipe(self, *, database: str, user: str, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        """Starts psql, which runs its stdin as a stream."""
        command, environment = self._command({}, database, user)
        return docker.pipe(
            *command, environment=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr
        )

    def _command(self, variables: Mapping[str, str], database: str, user: str) -> tuple[list[str], dict[str, str]]:
        """Returns Docker's arguments for psql, and the environment with the variables' values."""
        environment = {_environment_name(name): value for name, value in variables.items()}
        return [
            *("exec", "-i", "-e", f"PGOPTIONS={_AS_SUPERUSER if user == SUPERUSER else _SESSION}"),
            *(word for name in environment for word in ("-e", name)),
            *(self.container, "psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"),
            *("-v", "VERBOSITY=terse", "-U", user, "-d", database),
        ], os.environ | environment


def set_variable(name: str, value: str) -> str:
    """Returns a line that sets a variable of psql whose value is too long for the environment, such as all tables."""
    quoted = value.replace("\\", "\\\\").replace("'", "''")
    return f"\\set {name} '{quoted}'\n"


def _environment_name(name: str) -> str:
    return f"HOST_{name.upper()}"


def no_answer(subject: str) -> Failure:
    """Returns the failure of a step that cannot reach PostgreSQL."""
    return Failure(f"{subject}: PostgreSQL does not answer; run up again")


def failure(subject: str, error: SqlError, mask: Mask = NO_SECRETS) -> Failure:
    """Returns the failure of a step after an `SqlError`."""
    if isinstance(error, Unreachable):
        return no_answer(subject)
    return Failure(f"{subject}: PostgreSQL says: {mask(str(error))}")
