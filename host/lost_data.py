"""What the step backup-seed has found on a server without data. A recovery of everything needs it."""

import json
from collections.abc import Mapping
from pathlib import Path

from . import recovery
from .failure import Failure


def remember(stack: str, *, volume: str, image: str, network: str, volumes: Mapping[str, str]) -> None:
    """Writes it to the stack's folder on the host. `volumes` are those of the backups' files, by path."""
    values = {"volume": volume, "image": image, "network": network, "volumes": dict(volumes)}
    _file(stack).write_text(json.dumps(values))


def read(stack: str) -> tuple[recovery.Source, str]:
    """Returns what to restore with, and the empty volume. Raises a `Failure` if `up` has not stopped at that step."""
    try:
        values = json.loads(_file(stack).read_text())
    except OSError:
        raise Failure(
            "--lost: run up first: it prepares the new server, and stops before PostgreSQL if there are backups"
        ) from None
    mounts = {path: volumes for path, volumes in values["volumes"].items() if path != recovery.DATA}
    return recovery.Source(image=values["image"], network=values["network"], mounts=mounts), values["volume"]


def _file(stack: str) -> Path:
    return recovery.Names(stack).folder / "lost.json"
