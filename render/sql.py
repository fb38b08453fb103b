"""The names of roles, and of Electric's slots and publications, in the shared PostgreSQL.

A service's logins are found by their names and by the role that they become. The roles of a database's owner are named
by the database, which has no -; those of a `sharer`, another service that uses it, and of a reader by the service,
which has no _.
"""

import hashlib


def owner(database: str) -> str:
    """Returns the role that owns a database and everything in it. It cannot log in."""
    return f"{database}_owner"


def login_prefix(database: str, sharer: str | None = None) -> str:
    """Returns the prefix of the logins of an app."""
    return f"{sharer}-app" if sharer else database


def electric_group(database: str, sharer: str | None = None) -> str:
    """Returns the role that owns Electric's publication, and the prefix of Electric's logins."""
    return f"{sharer}-electric" if sharer else f"{database}_electric"


def migration_prefix(prefix: str) -> str:
    """Returns the prefix of the logins of migrations. Migrations have their own, so their sessions can be found."""
    return f"{prefix}_migrate"


def readers_group(database: str) -> str:
    """Returns the role that the read-only logins to a database become. It reads all tables and changes nothing."""
    return f"{database}-reads"


def reader_prefix(service: str) -> str:
    """Returns the prefix of a service's read-only logins to other services' databases."""
    return f"{service}-reads"


def reader_login(service: str, database: str, password: str) -> str:
    """Returns the name of a read-only login: one for each database, all with the password of the service's database."""
    return login(reader_prefix(service), f"{database} {password}")


def login(prefix: str, password: str) -> str:
    """Returns a login's name. A new password makes a new login; old containers use the old one until they are gone."""
    return f"{prefix}_{hashlib.sha256(password.encode()).hexdigest()[:8]}"


def slot(stream_id: str) -> str:
    """Returns the name that Electric gives its replication slot. Slots are shared by the whole cluster."""
    return f"electric_slot_{stream_id}"


def publication(stream_id: str) -> str:
    """Returns the name that Electric gives its publication."""
    return f"electric_publication_{stream_id}"
