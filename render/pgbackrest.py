"""The files of /etc/pgbackrest: pgBackRest's configuration, its keys, and the settings of the program that backs up."""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from settings import (
    BACKUP_ROLE,
    CREDENTIALS,
    Backup,
    LocalRepository,
    S3Repository,
    SftpRepository,
    secret_name,
)

from .postgres import DATA, MAX_SLOT_WAL_MB, STANZA
from .template import fill

CONFIG = "/etc/pgbackrest"
"""The folder of these files. A step writes them to a volume, which every container mounts read-only."""
STATE = "/var/lib/backup"
"""The folder of the program's state and of the scratch cluster, in the backup container."""
REPOSITORIES = "/var/lib/pgbackrest"
"""The folder of local repositories."""
ARCHIVE_TIMEOUT_S = 180
"""After a failure pgBackRest pauses for a minute. A shorter timeout would end before it tries again."""
_FILES = {"repository": "", "second": "second_"}
"""The prefix of a repository's files, by its setting."""
_LOCAL_FOLDERS = {"repository": "first", "second": "second"}

Repository = LocalRepository | SftpRepository | S3Repository


def secret_names(backup: Backup) -> list[str]:
    """Returns the config secrets of all repositories, without the passphrase."""
    repositories = backup.repositories().items()
    return [secret_name(setting, each) for setting, place in repositories for each in CREDENTIALS[place.kind]]


def files(
    backup: Backup,
    *,
    stack: str,
    postgres: str,
    secrets: Mapping[str, str],
    bundles: Mapping[str, str],
) -> dict[str, str]:
    """Returns the texts of all files by name.

    `postgres` is its address. `secrets` are the config secrets by name, the passphrase too, and `password`, the role's.
    `bundles` are the texts of CA bundles by the repository's setting.
    """
    texts = {
        "settings.json": _program_settings(backup, stack=stack, postgres=postgres),
        "pgpass": f"{postgres}:5432:*:{BACKUP_ROLE}:{secrets['password']}\n",
    }
    for setting, place in backup.repositories().items():
        credentials = {each: secrets[secret_name(setting, each)].strip() for each in CREDENTIALS[place.kind]}
        own = {
            name: text if text.endswith("\n") else f"{text}\n"
            for name, text in _own_files(place, credentials, bundles.get(setting)).items()
        }
        prefix = _FILES[setting]
        texts |= {f"{prefix}{name}": text for name, text in own.items()}
        texts["second.conf" if prefix else "pgbackrest.conf"] = fill(
            "pgbackrest.conf.j2",
            repository={
                **_options(setting, place, credentials, own),
                "cipher-type": "aes-256-cbc",
                "cipher-pass": secrets["backup_passphrase"],
                "bundle": "y",
                "block": "y",
                "retention-full": backup.keep_full,
            },
            archive_timeout_s=ARCHIVE_TIMEOUT_S,
            queue_mb=MAX_SLOT_WAL_MB,
            stanza=STANZA,
            data=DATA,
            user=BACKUP_ROLE,
        )
    return texts


def local_folder(setting: str) -> str:
    """Returns the folder of a local repository."""
    return f"{REPOSITORIES}/{_LOCAL_FOLDERS[setting]}"


def _own_files(place: Repository, credentials: Mapping[str, str], bundle: str | None) -> dict[str, str]:
    """Returns the files of one repository: keys, and by what its server is known."""
    if isinstance(place, SftpRepository):
        host = place.host if place.port == 22 else f"[{place.host}]:{place.port}"
        return {"known_hosts": f"{host} {place.host_key}", "sftp_key": credentials["sftp_key"]}
    return {} if bundle is None else {"ca.pem": bundle}


def _options(
    setting: str, place: Repository, credentials: Mapping[str, str], own: Mapping[str, str]
) -> dict[str, str | int]:
    """Returns pgBackRest's options for a repository, without the prefix `repo1-`."""
    paths = {name: f"{CONFIG}/{_FILES[setting]}{name}" for name in own}
    match place:
        case LocalRepository():
            return {"type": "posix", "path": local_folder(setting)}
        case SftpRepository():
            return {
                "type": "sftp",
                "path": place.path,
                "sftp-host": place.host,
                "sftp-host-port": place.port,
                "sftp-host-user": place.user,
                "sftp-host-key-check-type": "strict",
                "sftp-host-key-hash-type": "sha256",
                "sftp-known-host": paths["known_hosts"],
                "sftp-private-key-file": paths["sftp_key"],
            }
    endpoint = urlsplit(place.endpoint)
    return {
        "type": "s3",
        "path": place.path,
        "s3-bucket": place.bucket,
        "s3-endpoint": endpoint.hostname or "",
        "storage-port": endpoint.port or 443,
        "s3-region": place.region,
        # A bucket's name in the host would need a certificate for it.
        "s3-uri-style": "path",
        "s3-key": credentials["s3_key"],
        "s3-key-secret": credentials["s3_secret"],
        **({"storage-ca-file": paths["ca.pem"]} if own else {}),
    }


def _program_settings(backup: Backup, *, stack: str, postgres: str) -> str:
    """Returns the settings that the program in the backup container reads."""
    values: dict[str, Any] = {
        "stack": stack,
        "repositories": {setting: place.kind for setting, place in backup.repositories().items()},
        **backup.model_dump(include={"full", "differential_hours", "verify"}),
        "postgres": {"host": postgres, "user": BACKUP_ROLE},
    }
    return json.dumps(values, indent=2, sort_keys=True) + "\n"
