"""Transactions and sessions that would disturb a restore. They are reported before anything stops."""

import json
from collections.abc import Iterator

from . import docker, files
from .database_users import Users
from .psql import Postgres

MIN_AGE_S = 5
"""Younger transactions end by themselves before the app has stopped."""


def transactions(postgres: Postgres, at: str, users: Users) -> Iterator[str]:
    """Yields the open transactions in the cluster that Electric's new replication slot would wait for."""
    variables = {"database": users.database, "logins": own_logins(users), "min_age_s": str(MIN_AGE_S)}
    for row in json.loads(postgres.query(files.sql("restore_transactions"), variables)):
        yield (
            f"{at}: a transaction on {row['database']} by {row['user']} has been open since {row['since']} UTC, and "
            f"Electric would wait for it: end it (SELECT pg_terminate_backend({row['pid']})), then run up again"
        )


def others(postgres: Postgres, at: str, users: Users) -> Iterator[str]:
    """Yields sessions on the database that do not stop with its services: rows that they write could be lost."""
    variables = {"database": users.database, "logins": own_logins(users)}
    sessions = json.loads(postgres.query(files.sql("restore_sessions"), variables))
    containers = docker.names_by_address() if sessions else {}
    own = [name for user in users.services for name in user.serving.database_users()]
    for session in sessions:
        container = containers.get(session["address"])
        # A session of the service's own login may outlive its container for a moment.
        if container in own or (container is None and session["own"]):
            continue
        client = f"the container {container}" if container else session["address"]
        yield (
            f"{at}: {client} is connected to {users.database} as {session['user']}, and does not stop with "
            f"{users.owner.name}: stop it, then run up again"
        )


def own_logins(users: Users) -> str:
    """Returns a pattern of the logins of all services on the database, except those that only read."""
    shared = [f"{user.name}-(app(_migrate)?|electric)" for user in users.sharers]
    return f"^({'|'.join([f'{users.database}(_electric|_migrate)?', *shared])})_[0-9a-f]{{8}}$"
