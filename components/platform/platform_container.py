"""A shared container with a fixed name. To replace it interrupts all services for a moment."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from render import verb

from ..container import Container
from ..host import Host
from ..names import container_name


@dataclass(frozen=True, kw_only=True)
class PlatformContainer:
    """The running container; `ready` exists once it passes its health check."""

    container: docker.Container
    ready: pulumi.Resource


def run_platform_container(
    name: str,
    container: Container,
    host: Host,
    *,
    networks: Sequence[docker.ContainerNetworksAdvancedArgs],
    start_timeout_s: int,
    ready_check: Sequence[str] | None = None,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> PlatformContainer:
    """Declares the container, and a step that waits until it passes `ready_check`, by default its health check.

    Without a network it uses the host's.
    """
    arguments = container.arguments()
    arguments.name = container_name(container.part)
    if networks:
        arguments.networks_advanced = list(networks)
    else:
        arguments.network_mode = "host"
    server = docker.Container(
        f"{name}-server",
        arguments,
        opts=ResourceOptions(
            parent=parent,
            provider=host.provider,
            depends_on=[*host.ready, container.image.resource, *depends_on],
            delete_before_replace=True,
            replace_on_changes=["*"],
        ),
    )
    ready = host.command(
        f"{name}-ready",
        verb.line("ready", container_name(container.part), timeout=start_timeout_s),
        stdin=verb.stdin({"check": list(ready_check or container.check)}),
        reruns_on={"CONTAINER": server.id},
        parent=parent,
        depends_on=[server],
    )
    return PlatformContainer(container=server, ready=ready)
