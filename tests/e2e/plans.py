"""The engine's plan for each kind of changed setting, which test_plans.py checks.

`{app}` stands for the steps that follow a replacement of `auth`'s app container.
"""

from dataclasses import dataclass
from typing import Any

from .platform import OTHER_HTTP, OTHER_HTTPS, REGISTRY

GATED = "auth-preflight auth-app-gate auth-retire auth-site-switch"
PREFLIGHTS = "auth-preflight enforcement-preflight legal-preflight"
ALL_SITES = "auth-site-switch enforcement-site-switch legal-site-switch"
ELECTRIC = "legal-preflight legal-cutover legal-electric-gate legal-retire legal-site-switch"


@dataclass(frozen=True)
class Change:
    """One changed setting, by its path under `sertantai:` (None removes it), and its plan."""

    path: str
    value: Any
    replace: str = ""
    update: str = ""
    create: str = ""
    delete: str = ""

    def apply(self, config: dict[str, Any]) -> None:
        """Changes the setting in a stack's configuration."""
        first, *rest = self.path.split("/")
        *way, last = [f"sertantai:{first}", *rest]
        here: Any = config
        for step in way:
            here = here[step]
        if self.value is None:
            del here[last]
        else:
            here[last] = self.value

    def plan(self) -> dict[str, set[str]]:
        """Returns the steps by their operation."""
        words = {"replace": self.replace, "update": self.update, "create": self.create, "delete": self.delete}
        return {what: set(names.split()) for what, names in words.items() if names}


NOTES = {
    "domain": "notes.localhost",
    "app": {"image": f"{REGISTRY}/sertantai/app:1", "port": 4003, "memory_mb": 256},
}

CHANGES = [
    Change("services/auth/app/env", {"A": "b"}, replace="auth-app", update=f"{GATED} auth-migrate"),
    Change("services/auth/app/memory_mb", 300, replace="auth-app", update=f"{GATED} auth-migrate"),
    Change("services/auth/app/drain_s", 20, replace="auth-app", update=GATED),
    Change("services/auth/app/restart_generation", 1, replace="auth-app", update=GATED),
    Change("services/auth/app/read_only", False, replace="auth-app", update=GATED),
    Change(
        "services/auth/app/command",
        ["/app/bin/app", "start"],
        replace="auth-app",
        update=f"{GATED} auth-migrate",
    ),
    Change("services/auth/app/health", {"path": "/ready"}, replace="auth-app", update=GATED),
    Change("services/auth/app/health", {"successes": 2}, update="auth-preflight auth-app-gate"),
    Change("services/auth/app/migrate_generation", 1, update="auth-preflight auth-migrate"),
    Change("services/auth/app/migrate_timeout_s", 200, update="auth-preflight auth-migrate"),
    Change(
        "services/auth/app/migrate", None, update="auth-preflight auth-database-sql auth-logins", delete="auth-migrate"
    ),
    Change("services/auth/app/migrate_lock_timeout_s", 20, update="auth-preflight auth-database-sql"),
    Change("services/auth/app/routes", ["/api/"], update="auth-preflight auth-site-switch"),
    # A notice on the site needs no check of what a release needs.
    Change("services/auth/maintenance", True, update="auth-site-switch"),
    Change("services/auth/app/calls", ["enforcement"], replace="auth-app", update=f"{GATED} auth-migrate"),
    Change(
        "services/auth/app/port",
        4005,
        replace="auth-app legal-app",
        update=f"{GATED} auth-migrate legal-preflight legal-app-gate legal-migrate legal-retire legal-site-switch",
    ),
    Change(
        "services/auth/names",
        ["other_name"],
        replace="legal-app",
        update="auth-preflight auth-site-switch legal-app-gate legal-retire legal-site-switch",
    ),
    Change(
        "services/auth/domain",
        "login.localhost",
        replace="auth-app",
        update=f"{GATED} auth-migrate auth-certificate-authority auth-certificate-placeholder",
    ),
    Change("services/auth/database/pool_size", 5, replace="auth-app", update=f"{GATED} auth-migrate auth-database-sql"),
    Change("services/auth/database/extensions", ["citext"], update="auth-preflight auth-database-sql"),
    Change(
        "auth_DATABASE_PASSWORD",
        "x" * 20,
        replace="auth-app",
        update=f"{GATED} auth-migrate auth-database-sql auth-logins",
    ),
    Change(
        "auth_REDIS_PASSWORD",
        "x" * 20,
        replace="auth-app",
        update=f"{GATED} auth-migrate auth-redis-acl auth-redis-logins",
    ),
    Change(
        "services/auth/redis",
        None,
        replace="auth-app",
        update=f"{GATED} auth-migrate",
        delete="auth-redis auth-redis-acl auth-redis-logins auth-redis-password",
    ),
    Change("auth_SECRET_KEY_BASE", "y" * 64, replace="auth-app", update=f"{GATED} auth-migrate"),
    Change(
        "legal_ELECTRIC_SECRET",
        "z" * 20,
        replace="legal-app legal-electric",
        update=f"{ELECTRIC} legal-app-gate legal-migrate",
    ),
    Change(
        "services/legal/electric/access",
        {"kind": "public", "shapes": {"items": {"table": "items"}}},
        update="legal-preflight legal-site-switch",
    ),
    Change("services/legal/electric/pool_size", 6, replace="legal-electric", update=f"{ELECTRIC} legal-electric-sql"),
    Change("services/legal/electric/restart_generation", 1, replace="legal-electric", update=ELECTRIC),
    Change(
        "services/legal/frontend/env",
        {"A": "b"},
        replace="legal-frontend",
        update="legal-preflight legal-frontend-gate legal-retire legal-site-switch",
    ),
    Change(
        "services/legal/frontend",
        None,
        update="legal-preflight legal-images legal-retire legal-site-switch",
        delete="legal-frontend legal-frontend-gate legal-frontend-image",
    ),
    Change(
        "services/notes",
        NOTES,
        create="notes notes-app notes-app-gate notes-app-image notes-certificate notes-certificate-authority "
        "notes-certificate-placeholder notes-cleanup notes-images notes-key notes-preflight notes-retire notes-site "
        "notes-site-switch",
    ),
    Change(
        "acme/email",
        "new@example.org",
        replace="certbot-server",
        update="certbot-ready",
    ),
    Change("nginx/memory_mb", 300, replace="nginx-server", update=f"{ALL_SITES} nginx-base nginx-ready"),
    Change("nginx/http_port", OTHER_HTTP, replace="nginx-server", update=f"{ALL_SITES} nginx-ready nginx-ports"),
    Change(
        "nginx/https_port",
        OTHER_HTTPS,
        replace="nginx-server",
        update=f"{PREFLIGHTS} {ALL_SITES} nginx-base nginx-ready nginx-ports",
    ),
    Change(
        "postgres/max_connections",
        310,
        replace="postgres-server",
        update="postgres-ready postgres-access auth-database-sql enforcement-database-sql enforcement-electric-sql "
        "legal-database-sql legal-electric-sql",
    ),
    Change("redis/memory_mb", 160, replace="redis-server", update="redis-ready auth-redis-acl"),
]
