"""The one builder of containers: hardened alike, released beside their predecessor or fixed in their place."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions

from .host import Host
from .image import Image
from .names import LABEL, container_name, labels
from .platform.network import Network


@dataclass(frozen=True, kw_only=True)
class Container:
    """What a container is made of, whatever its kind."""

    service: str
    part: str
    image: Image
    memory_mb: int
    check: Sequence[str]
    environment: Input[Mapping[str, str]] | None = None
    command: Sequence[str] | None = None
    entrypoint: Sequence[str] | None = None
    volumes: Mapping[str, tuple[Input[str], bool]] = field(default_factory=dict)
    """Volume and whether it is read-only, by the path in the container."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Addresses by host names, beside what Docker resolves."""
    ports: Sequence[docker.ContainerPortArgs] = ()
    capabilities: Sequence[str] = ()
    tmpfs: Sequence[str] = ("/tmp",)  # noqa: S108 - a file system of the container's own
    """Paths, each with Docker's options after a colon; one without a size may take the container's whole memory."""
    sysctls: Mapping[str, str] = field(default_factory=dict)
    """Of its own network."""
    read_only: bool = True
    shm_mb: int = 64
    grace_s: int = 60
    generation: int = 0


def released(
    name: str,
    container: Container,
    network: Network,
    host: Host,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> docker.Container:
    """A container that comes beside its predecessor and takes over; its service's `retire` removes the old one.

    Every change makes a new one: applied in place, memory and restart would change the container that serves.
    """
    advanced = docker.ContainerNetworksAdvancedArgs(name=network.name)
    arguments = _arguments(container)
    arguments.networks_advanced = [advanced]
    return docker.Container(
        name,
        arguments,
        opts=ResourceOptions(
            parent=parent,
            provider=host.provider,
            depends_on=[*host.ready, network.ready, container.image.resource, *depends_on],
            delete_before_replace=False,
            retain_on_delete=True,
            replace_on_changes=["*"],
        ),
    )


def fixed(
    name: str,
    container: Container,
    network: tuple[Network, str] | None,
    host: Host,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> docker.Container:
    """A container of the platform's own, under a name of its own: changing it is a short, announced interruption.

    `network` is the network and its fixed address there; None is the host's own network.
    """
    arguments = _arguments(container)
    arguments.name = container_name(container.part)
    if network:
        arguments.networks_advanced = [
            docker.ContainerNetworksAdvancedArgs(
                name=network[0].name, ipv4_address=network[1], aliases=[container.part]
            )
        ]
    else:
        arguments.network_mode = "host"
    return docker.Container(
        name,
        arguments,
        opts=ResourceOptions(
            parent=parent,
            provider=host.provider,
            depends_on=[*host.ready, *([network[0].ready] if network else []), container.image.resource, *depends_on],
            delete_before_replace=True,
            replace_on_changes=["*"],
        ),
    )


def _arguments(container: Container) -> docker.ContainerArgs:
    marks = labels(container.service, container.part) | {f"{LABEL}.generation": str(container.generation)}
    environment = Output.from_input(container.environment or {})
    return docker.ContainerArgs(
        image=container.image.reference,
        command=list(container.command) if container.command else None,
        entrypoints=list(container.entrypoint) if container.entrypoint else None,
        envs=environment.apply(lambda values: [f"{key}={value}" for key, value in sorted(values.items())]),
        labels=[docker.ContainerLabelArgs(label=key, value=value) for key, value in marks.items()],
        volumes=[
            docker.ContainerVolumeArgs(volume_name=volume, container_path=path, read_only=read_only)
            for path, (volume, read_only) in container.volumes.items()
        ],
        hosts=[docker.ContainerHostArgs(host=name, ip=ip) for name, ip in container.hosts.items()],
        ports=list(container.ports),
        healthcheck=docker.ContainerHealthcheckArgs(
            tests=["CMD", *container.check], interval="10s", timeout="5s", retries=3, start_period="1m0s"
        ),
        memory=container.memory_mb,
        memory_swap=container.memory_mb,
        shm_size=container.shm_mb,
        restart="unless-stopped",
        read_only=container.read_only,
        sysctls=dict(container.sysctls) or None,
        tmpfs={path: options for path, _, options in (each.partition(":") for each in container.tmpfs)},
        security_opts=["no-new-privileges"],
        capabilities=docker.ContainerCapabilitiesArgs(
            drops=["ALL"], adds=[f"CAP_{capability}" for capability in container.capabilities]
        ),
        log_driver="json-file",
        log_opts={"max-size": "10m", "max-file": "3"},
        stop_timeout=container.grace_s,
        destroy_grace_seconds=container.grace_s,
    )
