"""What PostgreSQL has: slots, databases, releases, and what has drifted."""

import json
from typing import Any

from . import files, history, psql

TIMEOUT_S = 4
DRIFTED = "drift-"
"""How the fingerprint of a thing begins that differs from what its step has made: see host/sql/fingerprints.sql."""


def read(container: str) -> dict[str, Any]:
    """Returns it by one call of psql. Raises `psql.SqlError`."""
    text = files.sql("look") + files.sql("fingerprints") + files.sql("history_read")
    last_of_each = {"service": "", "last": "1", "silence": history.SILENCE}
    answer = psql.Postgres(container).query(text, last_of_each, timeout_s=TIMEOUT_S)
    first, *fingerprints, releases = answer.splitlines()
    pairs = [line.partition(" ")[::2] for line in fingerprints]
    return {
        **json.loads(first),
        "drifted": sorted(name for name, mark in pairs if mark.startswith(DRIFTED)),
        "releases": {release["service"]: release for release in json.loads(releases)},
    }
