"""The files of /etc/pgbackrest for a repository, as the platform writes them."""

from collections.abc import Mapping
from typing import Any

from render import pgbackrest
from settings import Backup
from tests.doubles.repositories.s3 import ObjectStorage
from tests.doubles.repositories.sftp import StorageBox
from tests.throwaway.backups import PASSPHRASE, PASSWORD

from .platform import STACK, Repository


def files(
    repository: Repository | None,
    second: Repository | None = None,
    *,
    postgres: str = "postgres",
    secrets: Mapping[str, str] | None = None,
    **settings: str,
) -> dict[str, str]:
    """Returns the texts by name. `secrets` replace the credentials. None: a repository on a volume."""
    known, bundles, blocks = {"backup_passphrase": PASSPHRASE, "password": PASSWORD}, {}, dict[str, Any](settings)
    for setting, place in (("repository", repository), ("second", second)):
        prefix = "backup_second_" if setting == "second" else "backup_"
        match place:
            case StorageBox():
                known[f"{prefix}sftp_key"] = place.key
            case ObjectStorage():
                known |= {f"{prefix}s3_key": place.key, f"{prefix}s3_secret": place.secret}
                bundles[setting] = place.authority
        if place or setting == "repository":
            blocks[setting] = place.settings() if place else {"kind": "local"}
    backup = Backup.model_validate(blocks)
    texts: dict[str, Any] = pgbackrest.files(
        backup, stack=STACK, postgres=postgres, secrets=known | dict(secrets or {}), bundles=bundles
    )
    return texts
