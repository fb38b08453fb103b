"""Backups: where they are kept, and when they are made and tested."""

from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Annotated, Any, Literal

from pydantic import Field

from .host import Host, LocalHost
from .names import (
    ClockTime,
    FilePath,
    HttpsUrl,
    LabelText,
    Megabytes,
    MountPath,
    Port,
    ServerAddress,
    SshHostKey,
    Subnet,
    UserName,
    _Text,
)
from .platform import Model, Network

_DAY = "(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
WeekTime = Annotated[str, _Text(rf"{_DAY} (?:[01][0-9]|2[0-3]):[0-5][0-9]", "be a time such as Sun 02:15")]
BucketName = Annotated[str, _Text(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", "be a bucket's name: a-z, 0-9, . and -")]
PackageVersion = Annotated[str, _Text(r"[0-9][A-Za-z0-9.+~:-]{0,60}", "be a version such as 2.58.0-1.pgdg12+1")]

BACKUP_SECRETS = ("backup_passphrase",)
"""Config secrets that need not be set. The platform generates the passphrase, which encrypts every repository."""
CREDENTIALS = {"local": (), "sftp": ("sftp_key",), "s3": ("s3_key", "s3_secret")}
"""What each kind of repository needs. The config secret is `backup_<name>`, or `backup_second_<name>`."""


class LocalRepository(Model):
    """A volume on the server itself. It is lost with the server."""

    kind: Literal["local"]


class SftpRepository(Model):
    """A folder on another server, such as a Storage Box. Its private key is the config secret `backup_sftp_key`."""

    kind: Literal["sftp"]
    host: ServerAddress
    port: Port = 22
    user: UserName
    path: MountPath
    host_key: SshHostKey
    """The only accepted host key: see `ssh-keyscan -p PORT HOST`."""


class S3Repository(Model):
    """A bucket. Its keys are the config secrets `backup_s3_key` and `backup_s3_secret`."""

    kind: Literal["s3"]
    endpoint: HttpsUrl
    bucket: BucketName
    region: LabelText
    path: MountPath = "/sertantai"
    ca_bundle: FilePath | None = None
    """Path of a PEM file, relative to the project's folder, for a server that public CA bundles do not contain."""


Repository = Annotated[LocalRepository | SftpRepository | S3Repository, Field(discriminator="kind")]


class Backup(Model):
    """Continuous backups of PostgreSQL, and backups of the volumes. All times are UTC."""

    repository: Repository
    second: Repository | None = None
    """A copy elsewhere. If it cannot be reached, nothing else waits for it."""
    package: PackageVersion | None = None
    """The version of PGDG's package pgbackrest to install on PostgreSQL's image. None: the image has pgBackRest."""
    full: WeekTime = "Sun 02:15"
    """When a full backup is made."""
    differential_hours: int = Field(default=6, ge=1, le=24)
    """Hours between two backups of what has changed since the last full one."""
    keep_full: int = Field(default=4, ge=1, le=52)
    """Full backups to keep, with everything that is needed to recover to any moment after the oldest."""
    verify: ClockTime = "04:30"
    """When the newest backup is restored and compared with the live databases."""
    memory_mb: Megabytes = 256
    """MB, of each of the two backup containers."""
    subnet: Subnet = "172.30.1.0/24"
    """The backup containers' own network. PostgreSQL is in it, and no service."""

    def repositories(self) -> dict[str, LocalRepository | SftpRepository | S3Repository]:
        """Returns the repositories by the name of their setting."""
        return {"repository": self.repository} | ({"second": self.second} if self.second else {})


def secret_name(setting: str, credential: str) -> str:
    """Returns the config secret of a credential of the repository in this setting."""
    return f"backup_{'second_' if setting == 'second' else ''}{credential}"


def backup_secrets(raw: Any) -> list[str]:
    """Returns the names of all config secrets that this block `backup`, as it is in the stack file, may have."""
    kinds = {setting: raw[setting].get("kind") for setting in ("repository", "second") if _is_block(raw, setting)}
    names = [secret_name(setting, each) for setting, kind in kinds.items() for each in CREDENTIALS.get(str(kind), ())]
    return [*BACKUP_SECRETS, *names] if kinds else []


def _is_block(raw: Any, setting: str) -> bool:
    return isinstance(raw, dict) and isinstance(raw.get(setting), dict)


def backup_mistakes(backup: Backup | None, network: Network | None, raw: Mapping[str, Any]) -> Iterator[str]:
    """Yields missing credentials, and settings that do not fit together."""
    if not backup:
        return
    for setting, repository in backup.repositories().items():
        for credential in CREDENTIALS[repository.kind]:
            if (name := secret_name(setting, credential)) not in raw:
                yield (
                    f"backup/{setting}: the config secret {name} is missing; "
                    f"set it with `pulumi config set --secret {name}`"
                )
    if backup.second == backup.repository:
        yield "backup/second: is the same as backup/repository; choose another place"
    if "network" not in raw:
        network = Network()
    if network and ip_network(network.subnet).overlaps(ip_network(backup.subnet)):
        yield f"backup/subnet: {backup.subnet} overlaps network/subnet, {network.subnet}; choose another"


def backup_warnings(backup: Backup | None, host: Host) -> Iterator[str]:
    """Yields what would be lost with the server."""
    if isinstance(host, LocalHost):
        return
    if not backup:
        yield "backup: is missing, so nothing is backed up: declare it (docs/backups.md)"
    elif all(repository.kind == "local" for repository in backup.repositories().values()):
        yield "backup/repository: is on the server itself and lost with it: choose kind sftp or s3, or add second"
