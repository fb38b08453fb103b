"""Lets the engine replace PostgreSQL's volume by another one, and never delete the old one.

The engine refuses to replace a protected volume. Without protection it deletes the old one, unless its state says
otherwise: what the program says then is too late.
"""

from typing import Any

from ..engine import state
from ..refused import Refused

VOLUME = "docker:index/volume:Volume"
NAME = "postgres-data"
"""The volume's resource: see components/platform/postgres.py."""


def check(cli: str | None, stack: str) -> None:
    """Raises `Refused` if the engine would delete the old volume. The rehearsal keeps it always."""
    if cli and (volume := _find(cli, stack)) and not volume.get("retainOnDelete"):
        raise Refused(
            "postgres: its volume is not marked as one to keep yet: run up once with sertantai:backup, then this again"
        )


def lift(cli: str | None, stack: str, volume: str) -> None:
    """Lifts the protection, if `volume` will replace the current one. `up` protects the new one. Raises `Refused`."""
    if not cli or not (current := _find(cli, stack)) or current["inputs"].get("name") == volume:
        return
    if not current.get("retainOnDelete"):
        raise Refused("postgres: its volume is not marked as one to keep: run up once with sertantai:backup")
    state.call(
        cli, stack, "state", "unprotect", current["urn"], "--yes", failed="postgres: its volume is still protected"
    )


def _find(cli: str, stack: str) -> dict[str, Any] | None:
    found = (
        each for each in state.resources(cli, stack) if each["type"] == VOLUME and each["urn"].endswith(f"::{NAME}")
    )
    return next(found, None)
