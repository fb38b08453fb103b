"""Calls verbs as a step does."""

import json
import sys
from collections.abc import Sequence
from typing import Any

from render import verb
from tests.throwaway.box import Said, on_host

PROGRAM = [sys.executable, "-m", "host"]


def call(
    name: str, *words: str, inputs: dict[str, Any] | None = None, **options: str | int | Sequence[str] | None
) -> Said:
    """Calls a verb as a step. `out` has its output, for a detached verb with its errors."""
    return on_host(verb.line(name, *words, **options), verb.stdin(inputs or {}), interpreter=PROGRAM)


def fingerprints(
    gateway: str = "trial-nobody",
    postgres: str = "trial-nobody",
    network: str = "trial-none",
    backup_network: str | None = None,
) -> dict[str, str]:
    """Reads the fingerprints, as the program does before it declares anything."""
    said = call(
        "fingerprints", "trial", network=network, gateway=gateway, postgres=postgres, backup_network=backup_network
    )
    assert said.ok, said.error
    found: dict[str, str] = json.loads(said.out)
    return found
