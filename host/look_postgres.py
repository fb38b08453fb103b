"""What PostgreSQL has: slots, databases, released images, and what has drifted."""

import json
from typing import Any

from . import files, psql

TIMEOUT_S = 4
DRIFTED = "drift-"
"""How the fingerprint of a thing begins that differs from what its step has made: see host/sql/fingerprints.sql."""


def read(container: str) -> dict[str, Any]:
    """Returns it by one call of psql. Raises `psql.SqlError`."""
    text = psql.Postgres(container).query(files.sql("look") + files.sql("fingerprints"), timeout_s=TIMEOUT_S)
    first, *fingerprints = text.splitlines()
    pairs = [line.partition(" ")[::2] for line in fingerprints]
    return {**json.loads(first), "drifted": sorted(name for name, mark in pairs if mark.startswith(DRIFTED))}
