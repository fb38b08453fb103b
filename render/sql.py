"""The names of roles and of what Electric has in the shared PostgreSQL."""

import hashlib


def owner(database: str) -> str:
    """The role that owns a database and what is in it; nobody logs in as it."""
    return f"{database}_owner"


def electric_group(database: str) -> str:
    """The role that owns Electric's publication."""
    return f"{database}_electric"


def migrating(database: str) -> str:
    """How the names of the logins begin that migrations use: of their own, so that their sessions can be told apart."""
    return f"{database}_migrate"


def login(prefix: str, password: str) -> str:
    """A login role's name: a new password makes a new role, and the old one serves until its containers are gone."""
    return f"{prefix}_{hashlib.sha256(password.encode()).hexdigest()[:8]}"


def slot(stream_id: str) -> str:
    """The name that Electric gives its replication slot: one for the whole cluster."""
    return f"electric_slot_{stream_id}"


def publication(stream_id: str) -> str:
    """The name that Electric gives its publication."""
    return f"electric_publication_{stream_id}"
