"""Reads settings.json, and knows what is secret in the container's configuration."""

import json
import re
from dataclasses import dataclass
from typing import Any

from ..failure import Failure
from ..mask import Mask
from . import places

FIRST = "repository"
SECOND = "second"
SECRET_OPTIONS = re.compile(r"(?m)^repo1-(?:cipher-pass|s3-key|s3-key-secret|s3-token)=(.+)$")


@dataclass(frozen=True)
class Settings:
    """What the stack file says about backups."""

    stack: str
    repositories: dict[str, str]
    """The kind of each repository, by its setting."""
    full: str
    differential_hours: int
    verify: str
    host: str
    user: str


def read() -> Settings:
    """Reads settings.json. Raises a `Failure` if the file is missing or broken."""
    try:
        values: dict[str, Any] = json.loads((places.CONFIG / "settings.json").read_text())
        return Settings(
            stack=values["stack"],
            repositories=values["repositories"],
            full=values["full"],
            differential_hours=values["differential_hours"],
            verify=values["verify"],
            host=values["postgres"]["host"],
            user=values["postgres"]["user"],
        )
    except (OSError, ValueError, KeyError, AttributeError, TypeError):
        raise Failure("backup: the container's settings.json is missing or broken; run up again") from None


def mask() -> Mask:
    """Returns a mask for everything secret in the configuration."""
    texts = [_text(name) for name in ("pgbackrest.conf", "second.conf")]
    secrets = [value for text in texts for value in SECRET_OPTIONS.findall(text)]
    secrets += [line.rpartition(":")[2] for line in _text("pgpass").splitlines()]
    return Mask(secrets)


def _text(name: str) -> str:
    try:
        return (places.CONFIG / name).read_text()
    except OSError:
        return ""
