"""Settings of the whole platform: the network, the shared servers, the registry and the certificate authority."""

from pydantic import BaseModel, ConfigDict

from .names import (
    BindAddress,
    Email,
    FilePath,
    HttpsUrl,
    ImageReference,
    Megabytes,
    NetworkName,
    Port,
    RegistryServer,
    Subnet,
    UserName,
)


class Model(BaseModel):
    """A block of the configuration: frozen, strict, without unknown keys. Its errors never show its values."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )


def is_unset(value: object) -> bool:
    """Whether a setting is left out of a dump: the `exclude_if` of each setting that is new in a service's block.

    The preflight records a digest of the block's dump. With the setting in it, an upgrade would change every digest.
    """
    return not value


class Acme(Model):
    """The certificate authority, and certbot's image."""

    email: Email
    """Who gets the authority's messages."""
    directory_url: HttpsUrl = "https://acme-v02.api.letsencrypt.org/directory"
    """Default: Let's Encrypt."""
    ca_bundle: FilePath | None = None
    """Path of a PEM file, relative to the project's folder, for an authority that public CA bundles do not contain."""
    image: ImageReference
    """certbot's image."""


class Registry(Model):
    """The registry of the services' images. Its token is the config secret `sertantai:registry_token`."""

    server: RegistryServer = "ghcr.io"
    username: UserName
    """Whose token it is."""


class Network(Model):
    """The one network of all containers. Its lower half has the fixed addresses; Docker assigns the upper half.

    To change the subnet, change the name too: the containers move before the old network is removed.
    """

    name: NetworkName = "infra_network"
    subnet: Subnet = "172.30.0.0/24"


class Redis(Model):
    """The shared Redis, version 7 or newer, for services with `redis: {}` in their block."""

    image: ImageReference
    memory_mb: Megabytes = 256
    """MB. If it is full, writes fail."""


class Nginx(Model):
    """The gateway, the only container that publishes ports."""

    image: ImageReference
    address: BindAddress = "0.0.0.0"
    """The host's address on which the ports are published. Default: every IPv4 address."""
    http_port: Port = 80
    https_port: Port = 443
    memory_mb: Megabytes = 512
    """MB. It also limits connections (twelve for each MB) and concurrent requests of one address (one for each MB)."""
