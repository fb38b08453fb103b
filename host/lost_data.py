"""What the step backup-seed has found on a server without data. A recovery of everything needs it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import backups, recovery
from .failure import Failure


def remember(
    *, volume: str, image: str, network: str, mounts: Mapping[str, str], repositories: Sequence[str] = ("repository",)
) -> None:
    """Writes it to a file on the host. `mounts` are the volumes of the backups' files, by path."""
    values = {"volume": volume, "image": image, "network": network, "mounts": dict(mounts)}
    values["repositories"] = list(repositories)
    _file(mounts[backups.CONFIG]).write_text(json.dumps(values))


def read(stack: str) -> tuple[recovery.Source, str]:
    """Returns what to restore with, and the empty volume. Raises a `Failure` if `up` has not stopped at that step."""
    try:
        values = json.loads(_file(recovery.Names(stack).of("backup-config")).read_text())
    except OSError:
        raise Failure(
            "--lost: run up first: it prepares the new server, and stops before PostgreSQL if there are backups"
        ) from None
    volume = values.pop("volume")
    return recovery.Source(**values), volume


def forget(config: str) -> None:
    """Forgets it, once the server has data. `config` is the volume of the backups' configuration."""
    _file(config).unlink(missing_ok=True)


def _file(config: str) -> Path:
    """Returns the file of the stack whose volume of configuration this is."""
    folder = Path.home() / ".sertantai"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{config}.lost.json"
