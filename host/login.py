"""Login roles of PostgreSQL: named by their password, so that a new password is a new login next to the old one."""

from dataclasses import dataclass

from . import files, psql


@dataclass(frozen=True, kw_only=True)
class Login:
    """A role that logs in, and becomes `role` as it does so."""

    name: str
    password: str
    role: str
    connections: int
    replicates: bool = False
    lock_timeout_s: int | None = None
    """How long a statement of it may wait for a lock; without it, as long as the app itself says."""

    def make(self, postgres: psql.Postgres) -> None:
        """Makes the login, or brings it to its limits."""
        timeout = f"{self.lock_timeout_s}s" if self.lock_timeout_s else ""
        postgres.ask(
            files.sql("login"),
            {
                "login": self.name,
                "password": self.password,
                "role": self.role,
                "connections": str(self.connections),
                "replication": "REPLICATION" if self.replicates else "NOREPLICATION",
                "lock_timeout": timeout,
            },
            alone=True,
        )
