"""Who else is at work in PostgreSQL while a dump is put in: named before anything stops."""

import json
from collections.abc import Iterator

from . import docker, files
from .psql import Postgres
from .serving import Serving

PATIENCE_S = 5
"""Transactions that are shorter end by themselves before the app has stopped."""


def transactions(postgres: Postgres, database: str, at: str) -> Iterator[str]:
    """Open transactions in the whole cluster, for which Electric's new replication slot would wait."""
    names = {"database": database, "patience": str(PATIENCE_S)}
    for each in json.loads(postgres.ask(files.sql("restore_transactions"), names)):
        yield (
            f"{at}: a transaction on {each['database']} by {each['user']} is open since {each['since']} UTC, and "
            f"Electric would wait for it: end it (SELECT pg_terminate_backend({each['pid']})), then run up again"
        )


def others(postgres: Postgres, database: str, at: str, serving: Serving) -> Iterator[str]:
    """Who is connected to the database and does not stop with its service: what they write meanwhile could be lost."""
    sessions = json.loads(postgres.ask(files.sql("restore_sessions"), {"database": database}))
    containers = docker.by_address() if sessions else {}
    own = serving.using()
    for session in sessions:
        container = containers.get(session["address"])
        # A session of a login of its own may outlive its container for a moment.
        if container in own or (container is None and session["own"]):
            continue
        who = f"the container {container}" if container else session["address"]
        yield (
            f"{at}: {who} is connected to {database} as {session['user']}, and does not stop with {serving.service}: "
            "stop it, then run up again"
        )
