"""Log hints: lines of a container's log that have a known cause, with what they mean and what to do."""

import re
from collections.abc import Iterator

HINTS = (
    (
        r"relocating .*crypto|(load|loaded).*(NIF|crypto)|crypto.*(nif|load_failed)|UndefinedFunctionError.*:crypto",
        "crypto's NIF does not load, since the image was built on another Alpine than it runs on: "
        "give the Dockerfile's builder and runner stages the same Alpine version",
    ),
    (
        r"database .* does not exist|invalid_catalog_name",
        "it asks for a database that is not there: name it under `database` in the service's block, and up makes it",
    ),
    (
        r"replication slot.*(already in use|is active)",
        "another Electric holds its replication slot: choose another electric/stream_id, or stop that one",
    ),
    (
        r"waiting_on_lock|Acquiring lock from postgres",
        "it waits for the lock of its stream_id: another Electric on this database holds it; stop that one",
    ),
    (
        r"relation .* does not exist|undefined_table",
        "a table is missing: does app/migrate make it? migrate_generation raised by one runs it again",
    ),
    (
        r"password authentication failed|invalid_password",
        "PostgreSQL refuses its login: does its env or a config secret override DATABASE_URL?",
    ),
    (
        r"EADDRINUSE|address (already )?in use",
        "its port is taken inside the container: two servers in one image?",
    ),
)


def of(log: str) -> Iterator[str]:
    """What the known lines of `log` mean."""
    for pattern, meaning in HINTS:
        if re.search(pattern, log, re.IGNORECASE):
            yield meaning
