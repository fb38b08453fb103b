"""The names of roles, and of Electric's slots and publications, in the shared PostgreSQL."""

import hashlib


def owner(database: str) -> str:
    """Returns the role that owns a database and everything in it. It cannot log in."""
    return f"{database}_owner"


def electric_group(database: str) -> str:
    """Returns the role that owns Electric's publication."""
    return f"{database}_electric"


def migration_prefix(database: str) -> str:
    """Returns the prefix of the logins of migrations. Migrations have their own, so their sessions can be found."""
    return f"{database}_migrate"


def login(prefix: str, password: str) -> str:
    """Returns a login's name. A new password makes a new login; old containers use the old one until they are gone."""
    return f"{prefix}_{hashlib.sha256(password.encode()).hexdigest()[:8]}"


def slot(stream_id: str) -> str:
    """Returns the name that Electric gives its replication slot. Slots are shared by the whole cluster."""
    return f"electric_slot_{stream_id}"


def publication(stream_id: str) -> str:
    """Returns the name that Electric gives its publication."""
    return f"electric_publication_{stream_id}"
