"""Login roles of PostgreSQL. The name depends on the password: a new password is a new login next to the old one."""

from dataclasses import dataclass

from . import files, psql


@dataclass(frozen=True, kw_only=True)
class Login:
    """A role that can log in to a database, and becomes `role` when it does."""

    name: str
    password: str
    database: str
    role: str
    connections: int
    replicates: bool = False
    lock_timeout_s: int | None = None
    """Seconds that its statements may wait for a lock. None: the app decides."""

    def create(self, postgres: psql.Postgres) -> None:
        """Creates the login, or changes an existing one to its declaration."""
        timeout = f"{self.lock_timeout_s}s" if self.lock_timeout_s else ""
        postgres.query(
            files.sql("login"),
            {
                "login": self.name,
                "password": self.password,
                "database": self.database,
                "role": self.role,
                "connections": str(self.connections),
                "replication": "REPLICATION" if self.replicates else "NOREPLICATION",
                "lock_timeout": timeout,
            },
            exclusive=True,
        )
