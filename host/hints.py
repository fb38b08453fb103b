"""Log hints: patterns of log lines with a known cause, each with its meaning and what to do."""

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
        "its database does not exist: name it under `database` in the service's block, and up creates it",
    ),
    (
        r"replication slot.*(already in use|is active)",
        "another Electric has its replication slot: choose another electric/stream_id, or stop that Electric",
    ),
    (
        r"waiting_on_lock|Acquiring lock from postgres",
        "it waits for the lock of its stream_id, which another Electric on this database has: stop that Electric",
    ),
    (
        r"relation .* does not exist|undefined_table",
        "a table is missing: does app/migrate create it? Raise migrate_generation by one to run it again",
    ),
    (
        r"password authentication failed|invalid_password",
        "PostgreSQL refuses its login: do env or a config secret override DATABASE_URL?",
    ),
    (
        r"EADDRINUSE|address (already )?in use",
        "its port is in use inside the container: does the image start two servers?",
    ),
)


def find(log: str) -> Iterator[str]:
    """Yields the meanings of known lines in `log`."""
    for pattern, meaning in HINTS:
        if re.search(pattern, log, re.IGNORECASE):
            yield meaning
