"""The wait for one of the platform's own containers."""

from collections.abc import Sequence

import pulumi
import pulumi_docker as docker

from render import verb

from ..host import Host


def readiness(
    name: str,
    container: docker.Container,
    on_host: str,
    check: Sequence[str],
    timeout_s: int,
    host: Host,
    parent: pulumi.Resource,
) -> pulumi.Resource:
    """There once the container `on_host` answers its health check; it is asked again when the container is another."""
    return host.verb(
        name,
        verb.line("ready", on_host, timeout=timeout_s),
        told=verb.told({"check": list(check)}),
        reruns_on={"CONTAINER": container.id},
        parent=parent,
        depends_on=[container],
    )
