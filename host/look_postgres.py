"""What PostgreSQL has: slots, databases, releases, and what has drifted."""

import json
from typing import Any

from . import files, history, psql

TIMEOUT_S = 4


def read(container: str) -> dict[str, Any]:
    """Returns it by one call of psql. Raises `psql.SqlError`."""
    text = files.sql("look") + files.sql("fingerprints") + files.sql("history_read")
    last_of_each = {"service": "", "last": "1", "silence": history.SILENCE}
    answer = psql.Postgres(container).query(text, last_of_each, timeout_s=TIMEOUT_S)
    # Not splitlines: JSON may contain any other separator of lines.
    first, *fingerprints, releases = answer.rstrip("\n").split("\n")
    seen = json.loads(first)
    recorded, now = seen.pop("marks"), dict(line.split(" ", 1) for line in fingerprints)
    return {
        **seen,
        "drifted": sorted(name for name, mark in now.items() if mark != recorded.get(name)),
        "releases": {release["service"]: release for release in json.loads(releases)},
    }
