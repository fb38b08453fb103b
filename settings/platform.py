"""What belongs to the whole platform: the network, the shared servers, the outside world."""

from pydantic import BaseModel, ConfigDict, Field

from .names import (
    BindAddress,
    Email,
    FilePath,
    HttpsUrl,
    ImageReference,
    Megabytes,
    NetworkName,
    ObjectName,
    Port,
    RegistryServer,
    Subnet,
    UserName,
)


class Model(BaseModel):
    """A part of the configuration: frozen, nothing unknown or converted in it, its input never shown in an error."""

    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", hide_input_in_errors=True, use_attribute_docstrings=True
    )


class Acme(Model):
    """The certificate authority, and the image of the certbot that asks it."""

    email: Email
    directory_url: HttpsUrl = "https://acme-v02.api.letsencrypt.org/directory"
    ca_bundle: FilePath | None = None
    """Path of a PEM file, from the project's folder on; for an authority that the world's bundles do not know."""
    image: ImageReference


class Registry(Model):
    """Where the services' images come from; the token is the config secret `sertantai:registry_token`."""

    server: RegistryServer = "ghcr.io"
    username: UserName


class Network(Model):
    """The one network of all containers: its lower half for fixed addresses, its upper half for Docker to give.

    Another subnet needs another name: the containers move to it before the old network goes.
    """

    name: NetworkName = "infra_network"
    subnet: Subnet = "172.30.0.0/24"


class Postgres(Model):
    """The shared PostgreSQL. Raising a number here restarts it: a short, announced interruption."""

    image: ImageReference
    memory_mb: Megabytes = 2048
    max_connections: int = Field(default=200, ge=20, le=2000)
    max_replication_slots: int = Field(default=20, ge=10, le=200)
    volume: ObjectName | None = None
    """An existing volume to go on with; one is made where it is left out."""


class Redis(Model):
    """The shared Redis, 7 or newer, for services with `redis: {}` in their block."""

    image: ImageReference
    memory_mb: Megabytes = 256


class Nginx(Model):
    """The gateway, the only container that publishes ports."""

    image: ImageReference
    address: BindAddress = "0.0.0.0"
    http_port: Port = 80
    https_port: Port = 443
    memory_mb: Megabytes = 512
    """It bounds connections, twelve for each MB, and requests at once from one address, one for each."""
