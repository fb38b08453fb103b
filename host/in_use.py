"""Transactions and sessions that would disturb a restore. They are reported before anything stops."""

import json
from collections.abc import Iterator

from . import docker, files
from .psql import Postgres
from .serving import Serving

MIN_AGE_S = 5
"""Younger transactions end by themselves before the app has stopped."""


def transactions(postgres: Postgres, database: str, at: str) -> Iterator[str]:
    """Yields the open transactions in the cluster that Electric's new replication slot would wait for."""
    variables = {"database": database, "min_age_s": str(MIN_AGE_S)}
    for row in json.loads(postgres.query(files.sql("restore_transactions"), variables)):
        yield (
            f"{at}: a transaction on {row['database']} by {row['user']} has been open since {row['since']} UTC, and "
            f"Electric would wait for it: end it (SELECT pg_terminate_backend({row['pid']})), then run up again"
        )


def others(postgres: Postgres, database: str, at: str, serving: Serving) -> Iterator[str]:
    """Yields sessions on the database that do not stop with its service: rows that they write could be lost."""
    sessions = json.loads(postgres.query(files.sql("restore_sessions"), {"database": database}))
    containers = docker.names_by_address() if sessions else {}
    own = serving.database_users()
    for session in sessions:
        container = containers.get(session["address"])
        # A session of the service's own login may outlive its container for a moment.
        if container in own or (container is None and session["own"]):
            continue
        client = f"the container {container}" if container else session["address"]
        yield (
            f"{at}: {client} is connected to {database} as {session['user']}, and does not stop with "
            f"{serving.service}: stop it, then run up again"
        )
