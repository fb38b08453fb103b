"""pgBackRest's own list of a repository's backups, read in a temporary container."""

import json
from collections.abc import Mapping
from typing import Any

from . import backups
from .backup.pgbackrest import QUICK_S

READABLE = (0, 1, 2, 3)
"""pgBackRest's states of a repository that it could read, also of one without backups."""


class Unreadable(Exception):
    """Says why the repository cannot be read."""


def read(setting: str, image: str, mounts: Mapping[str, str], network: str) -> list[Mapping[str, Any]]:
    """Returns the list. `mounts` are the volumes of the backups' files, by path. Raises `Unreadable`."""
    words = [f"--config={backups.CONFIGS[setting]}", f"--stanza={backups.STANZA}", "--output=json"]
    words.append(f"--io-timeout={QUICK_S}")
    volumes = {path: backups.read_only(name) for path, name in mounts.items()}
    result = backups.run_once(image, volumes, ["pgbackrest", *words, "info"], network=network)
    if result.code:
        raise Unreadable((result.out + result.error).strip())
    stanzas: list[Mapping[str, Any]] = json.loads(result.out)
    for stanza in stanzas:
        if stanza["status"]["code"] not in READABLE:
            details = [each["status"].get("message", "") for each in stanza.get("repo", [])]
            raise Unreadable(" ".join(details).strip() or stanza["status"]["message"])
    return stanzas
