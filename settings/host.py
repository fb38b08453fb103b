"""Where the platform runs: this machine, a server reached over SSH, or a server created at Hetzner Cloud."""

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
    """An existing machine with Docker, reached over SSH."""

    kind: Literal["ssh"]
    address: ServerAddress
    user: UserName = "root"
    port: Port = 22
    host_key: SshHostKey
    """The only accepted host key. Compare the output of `ssh-keyscan -t ed25519 ADDRESS` with the machine's console."""
    identity_file: KeyPath | None = None
    """The operator's private key. Without it, the agent's keys are offered."""


Id = Annotated[int, Field(ge=1)]


class Adopt(Model):
    """Existing resources at Hetzner to import. Once this block is removed, the settings apply to them."""

    server_id: Id
    primary_ipv4_id: Id
    primary_ipv6_id: Id | None = None
    volume_id: Id | None = None


class HetznerHost(Model):
    """A server at Hetzner Cloud, created by this program and reached over SSH."""

    kind: Literal["hetzner"]
    name: ServerName
    """The server's name, also in DNS."""
    server_type: Annotated[str, Field(pattern=r"^[a-z]{2,4}[0-9]{1,3}$")]
    """A change stops and starts the server. The new type's disk must not be smaller."""
    location: Annotated[str, Field(pattern=r"^[a-z]{2,4}[0-9]?$")]
    """A location at Hetzner, such as nbg1."""
    image: Annotated[str, Field(pattern=r"^debian-1[3-9]$")] = "debian-13"
    """For the first boot. A later change has no effect."""
    volume_size: Annotated[int, Field(ge=10, le=10240)] = 40
    """GB, for the databases and all other data that outlives the server. It can only grow."""
    ssh_allowed_from: list[Cidr] = Field(min_length=1)
    """Networks of the operators: the firewall opens port 22 to them alone."""
    authorized_keys: dict[ObjectName, SshPublicKey] = Field(min_length=1)
    """SSH keys that may log in as root, by the operator's name. No others may."""
    identity_file: KeyPath | None = None
    """The operator's private key. Without it, the agent's keys are offered."""
    host_key: Annotated[SshHostKey, Field(pattern="^ssh-ed25519 ")] | None = None
    """The SSH host key of an adopted server. A server created here gets a new key, which is pinned too."""
    reboot_at: ClockTime = "05:30"
    """When the server reboots if a security fix needs it, in its own time zone: UTC on a server created here."""
    labels: dict[LabelText, LabelText] = {}
    """Hetzner's labels, on each resource."""
    adopt: Adopt | None = None


Host = Annotated[LocalHost | SshHost | HetznerHost, Field(discriminator="kind")]


class Dns(Model):
    """A DNS zone at Hetzner. Domains in it get their records; records in other zones are only checked."""

    zone: Hostname
    ttl: Annotated[int, Field(ge=60, le=86_400)] = 300
    """Seconds."""
