"""The file of the program that backs up the files of volumes: where restic keeps them."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from settings import CREDENTIALS, Backup, LocalRepository, SftpRepository, secret_name

from .pgbackrest import CONFIG, REPOSITORIES, Repository

VOLUMES = "/volumes"
"""The folder of all volumes in the container, read-only."""
KEYS = "/tmp"  # noqa: S108 - the container's own memory
"""The folder to which the program copies the keys of SFTP: OpenSSH refuses a key that belongs to another user."""
FOLDER = "files"
"""The folder of the files in a repository. pgBackRest's folders are next to it."""
KEEP_DAILY = 14
_PREFIXES = {"repository": "", "second": "second_"}


def files(backup: Backup, *, secrets: Mapping[str, str], bundles: Mapping[str, str]) -> dict[str, str]:
    """Returns the file's text by its name, next to those of pgBackRest. The arguments are the same as there."""
    repositories = {}
    for setting, place in backup.repositories().items():
        credentials = {each: secrets[secret_name(setting, each)].strip() for each in CREDENTIALS[place.kind]}
        repositories[setting] = _repository(_PREFIXES[setting], place, credentials, own_authority=setting in bundles)
    values = {
        "repositories": repositories,
        "passphrase": secrets["backup_passphrase"],
        "keep_daily": KEEP_DAILY,
        "keep_weekly": backup.keep_full,
    }
    return {"files.json": json.dumps(values, indent=2, sort_keys=True) + "\n"}


def _repository(
    prefix: str, place: Repository, credentials: Mapping[str, str], *, own_authority: bool
) -> dict[str, Any]:
    environment: dict[str, str] = {}
    options: Sequence[str] = ()
    match place:
        case LocalRepository():
            url = f"{REPOSITORIES}/{FOLDER}"
        case SftpRepository():
            url = f"sftp://{place.user}@{place.host}:{place.port}/{place.path}/{FOLDER}"
            options = [f"sftp.args={_ssh(prefix)}"]
        case _:
            url = f"s3:{place.endpoint.rstrip('/')}/{place.bucket}/{place.path.strip('/')}/{FOLDER}"
            environment = {
                "AWS_ACCESS_KEY_ID": credentials["s3_key"],
                "AWS_SECRET_ACCESS_KEY": credentials["s3_secret"],
                "AWS_DEFAULT_REGION": place.region,
                **({"RESTIC_CACERT": f"{CONFIG}/{prefix}ca.pem"} if own_authority else {}),
            }
            # A bucket's name in the host would need a certificate for it.
            options = ["s3.bucket-lookup=path"]
    return {"url": url, "environment": environment, "options": list(options)}


def _ssh(prefix: str) -> str:
    """Returns ssh's arguments. A server that does not answer is an error after a minute."""
    settings = {
        "UserKnownHostsFile": f"{CONFIG}/{prefix}known_hosts",
        "StrictHostKeyChecking": "yes",
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
        "ConnectTimeout": "20",
        "ServerAliveInterval": "15",
    }
    options = " ".join(f"-o {name}={value}" for name, value in settings.items())
    return f"-F none -i {KEYS}/{prefix}sftp_key {options}"
