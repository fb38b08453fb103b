"""PostgreSQL, asked by the psql in its own container."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from . import docker
from .failure import Failure
from .mask import Mask

SUPERUSER = "postgres"
NOTHING_SECRET = Mask([])
# A database's owner may set defaults for everyone who connects to it. These options win over them: no name of the owner
# hides a built-in one, and no lock or query of the owner holds a step up. They also survive psql's \connect.
_SESSION = (
    "-c search_path=pg_catalog -c lock_timeout=10s -c statement_timeout=5min -c standard_conforming_strings=on "
    "-c default_transaction_read_only=off -c idle_session_timeout=0 -c idle_in_transaction_session_timeout=0 "
    "-c client_encoding=UTF8 -c client_min_messages=warning"
)
# `ALTER DATABASE ... SET role` would give the superuser's session a role. No statement of a step is logged: it may hold
# a password.
_AS_SUPERUSER = (
    f"{_SESSION} -c role=none -c log_min_error_statement=panic -c log_min_duration_statement=-1 -c log_statement=none"
)
# Roles, databases and the platform's tables belong to the whole cluster: one step at a time changes them.
_ONE_AT_A_TIME = """SET lock_timeout = '4min';
SELECT pg_advisory_lock(hashtext('sertantai')) \\g /dev/null
RESET lock_timeout;
"""
SCRIPT_FAILED = 3
"""psql's exit code for a statement that PostgreSQL refused."""


class SqlError(Failure):
    """PostgreSQL does not answer, or refuses; the text is its own and holds no statement."""


class Unreachable(SqlError):
    """PostgreSQL does not answer."""


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL, by the name of its container."""

    container: str

    def ask(
        self,
        sql: str,
        variables: Mapping[str, str] | None = None,
        *,
        database: str = "postgres",
        user: str = SUPERUSER,
        alone: bool = False,
    ) -> str:
        """What `sql` prints, unaligned. `variables` are psql's (:'name', :"name"); they are never arguments.

        `alone`: no other step that says so runs meanwhile. `SqlError` if PostgreSQL does not answer, or refuses.
        """
        command, environment = self._command(variables or {}, database, user)
        fetched = "".join(f"\\getenv {name} {_in_environment(name)}\n" for name in variables or {})
        sql = f"{fetched}{_ONE_AT_A_TIME if alone else ''}{sql}"
        done = docker.run(*command, stdin=sql, environment=environment)
        if done.code:
            raise (SqlError if done.code == SCRIPT_FAILED else Unreachable)(done.error.strip())
        return done.out

    def attach(self, *, database: str, user: str, stderr: IO[bytes]) -> subprocess.Popen[bytes]:
        """psql, which runs what its stdin brings as it comes."""
        command, environment = self._command({}, database, user)
        return docker.attach(
            *command, environment=environment, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=stderr
        )

    def _command(self, variables: Mapping[str, str], database: str, user: str) -> tuple[list[str], dict[str, str]]:
        """Docker's words for psql, and the environment that holds the variables' values."""
        environment = {_in_environment(name): value for name, value in variables.items()}
        return [
            *("exec", "-i", "-e", f"PGOPTIONS={_AS_SUPERUSER if user == SUPERUSER else _SESSION}"),
            *(word for name in environment for word in ("-e", name)),
            *(self.container, "psql", "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1"),
            *("-v", "VERBOSITY=terse", "-U", user, "-d", database),
        ], os.environ | environment


def assigned(name: str, value: str) -> str:
    """Gives psql a variable whose value is too long for an environment, such as a list of all tables, in one line."""
    quoted = value.replace("\\", "\\\\").replace("'", "''")
    return f"\\set {name} '{quoted}'\n"


def _in_environment(name: str) -> str:
    return f"HOST_{name.upper()}"


def silent(what: str) -> Failure:
    """The failure of a step that needs PostgreSQL."""
    return Failure(f"{what}: PostgreSQL does not answer; run up again")


def failed(what: str, error: SqlError, mask: Mask = NOTHING_SECRET) -> Failure:
    """The failure of a step whose statements PostgreSQL refuses, or does not get."""
    return silent(what) if isinstance(error, Unreachable) else Failure(f"{what}: PostgreSQL says: {mask(str(error))}")
