"""Reads files.json: where restic keeps the files of the volumes. Everything secret in it reaches restic alone."""

import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..failure import Failure
from . import places

VOLUMES = Path("/volumes")
"""The folder of all volumes, read-only, each with its own name."""
KEYS = Path("/tmp")  # noqa: S108 - the container's own memory
"""The folder of the copied keys: OpenSSH refuses a key that belongs to another user."""
SFTP_KEYS = ("sftp_key", "second_sftp_key")


@dataclass(frozen=True)
class Place:
    """One repository of restic's."""

    setting: str
    url: str
    environment: Mapping[str, str]
    options: Sequence[str]
    passphrase: str

    @property
    def subject(self) -> str:
        """The beginning of each error."""
        return f"backup/{self.setting}"


@dataclass(frozen=True)
class FileSettings:
    """What the stack file says about the files of volumes."""

    places: Sequence[Place]
    keep_daily: int
    keep_weekly: int


def read() -> FileSettings:
    """Reads files.json. Raises a `Failure` if the file is missing or broken."""
    try:
        values = json.loads((places.CONFIG / "files.json").read_text())
        return FileSettings(
            places=[
                Place(setting, each["url"], each["environment"], each["options"], values["passphrase"])
                for setting, each in values["repositories"].items()
            ],
            keep_daily=values["keep_daily"],
            keep_weekly=values["keep_weekly"],
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise Failure("backup: the container's files.json is missing or broken; run up again") from None


def volumes() -> list[str]:
    """Returns the names of the volumes that the container has."""
    return sorted(path.name for path in VOLUMES.iterdir()) if VOLUMES.exists() else []


def copy_keys() -> None:
    """Copies the keys of SFTP for OpenSSH, each time: they may have changed."""
    for name in SFTP_KEYS:
        source, copy = places.CONFIG / name, KEYS / name
        if source.exists():
            copy.unlink(missing_ok=True)
            copy.touch(mode=0o600)
            shutil.copyfile(source, copy)
