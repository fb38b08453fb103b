"""Where the platform runs: this machine, a server reached over SSH, or one made at Hetzner Cloud."""

from typing import Annotated, Literal

from pydantic import Field

from .names import (
    Cidr,
    ClockTime,
    Hostname,
    KeyPath,
    LabelText,
    ObjectName,
    Port,
    ServerAddress,
    ServerName,
    SshHostKey,
    SshPublicKey,
    UserName,
)
from .platform import Model


class LocalHost(Model):
    """This machine's Docker."""

    kind: Literal["local"]


class SshHost(Model):
    """A machine with Docker that is there already, reached over SSH."""

    kind: Literal["ssh"]
    address: ServerAddress
    user: UserName = "root"
    port: Port = 22
    host_key: SshHostKey
    """The one key that it may show: `ssh-keyscan -t ed25519 ADDRESS` there, compared with what its console says."""
    identity_file: KeyPath | None = None
    """The operator's private key; without it those of the agent are offered."""


Id = Annotated[int, Field(ge=1)]


class Adopt(Model):
    """What exists at Hetzner and is imported instead of made. Taken out after the first `up`, settings apply to it."""

    server_id: Id
    primary_ipv4_id: Id
    primary_ipv6_id: Id | None = None
    volume_id: Id | None = None


class HetznerHost(Model):
    """A server at Hetzner Cloud, made by this program and reached over SSH."""

    kind: Literal["hetzner"]
    name: ServerName
    server_type: Annotated[str, Field(pattern=r"^[a-z]{2,4}[0-9]{1,3}$")]
    """Another one is a stop and a start; its disk may only grow."""
    location: Annotated[str, Field(pattern=r"^[a-z]{2,4}[0-9]?$")]
    image: Annotated[str, Field(pattern=r"^debian-1[3-9]$")] = "debian-13"
    """For the first boot; another one later changes nothing."""
    volume_size: Annotated[int, Field(ge=10, le=10240)] = 40
    """GB, for the databases and whatever else outlives the server; it may only grow."""
    ssh_allowed_from: list[Cidr] = Field(min_length=1)
    authorized_keys: dict[ObjectName, SshPublicKey] = Field(min_length=1)
    identity_file: KeyPath | None = None
    """The operator's private key; without it those of the agent are offered."""
    host_key: Annotated[SshHostKey, Field(pattern="^ssh-ed25519 ")] | None = None
    """The SSH host key of an adopted server. One that is made here is given a key, which is pinned too."""
    reboot_at: ClockTime = "05:30"
    """When a server whose security fixes need a reboot does it, by its clock: UTC on one that is made here."""
    labels: dict[LabelText, LabelText] = {}
    adopt: Adopt | None = None


Host = Annotated[LocalHost | SshHost | HetznerHost, Field(discriminator="kind")]


class Dns(Model):
    """A zone at Hetzner in which the domains get their records. Those of other zones are checked, not made."""

    zone: Hostname
    ttl: Annotated[int, Field(ge=60, le=86_400)] = 300
    """Seconds."""
