"""SQL for the shared PostgreSQL: idempotent, right on a cluster of any age, fed to psql by stdin."""

import hashlib
from collections.abc import Sequence

from .template import _templates, fill

# Of each session, on disk: a query that runs away ends before the disk is full.
TEMP_FILE_LIMIT = "2GB"


def identifier(name: str) -> str:
    """`name` as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """`text` as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


_templates().filters.update(identifier=identifier, literal=literal)


def owner(database: str) -> str:
    """The role that owns a database and what is in it; nobody logs in as it."""
    return f"{database}_owner"


def electric_group(database: str) -> str:
    """The role that owns Electric's publication."""
    return f"{database}_electric"


def login(prefix: str, password: str) -> str:
    """A login role's name: a new password makes a new role, and the old one serves until its containers are gone."""
    return f"{prefix}_{hashlib.sha256(password.encode()).hexdigest()[:8]}"


def database(name: str, extensions: Sequence[str], password: str, connections: int) -> str:
    """Database, owner, login and extensions. `password` is the app's, `connections` how many its login may open."""
    return fill(
        "database.sql.j2",
        database=name,
        owner=owner(name),
        # pg_hba.conf lets its members in (`samerole`).
        group=name,
        login=login(name, password),
        password=password,
        connections=connections,
        temp_file_limit=TEMP_FILE_LIMIT,
        extensions=extensions,
    )


def electric(database_name: str, password: str, connections: int) -> str:
    """Electric's role, with no more than it needs, and its login, which may open so many `connections`."""
    group = electric_group(database_name)
    return fill(
        "electric.sql.j2",
        connections=connections,
        temp_file_limit=TEMP_FILE_LIMIT,
        database=database_name,
        owner=owner(database_name),
        group=group,
        login=login(group, password),
        password=password,
    )


def drop_logins(group: str, prefix: str, current: str = "") -> str:
    """Drops the logins of `group` but `current`; run in the database where they may own something."""
    return fill("drop_logins.sql.j2", group=group, prefix=prefix, current=current)


def slot(stream_id: str) -> str:
    """The name that Electric gives its replication slot: one for the whole cluster."""
    return f"electric_slot_{stream_id}"


def drop_electric(stream_id: str) -> str:
    """Drops slot and publication of an Electric that is gone."""
    return fill("drop_electric.sql.j2", slot=slot(stream_id), publication=f"electric_publication_{stream_id}")
