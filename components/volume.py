"""A named volume on the host."""

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from .container import LABEL
from .host import Host


def volume(name: str, on_host: str, host: Host, parent: pulumi.Resource, *, protect: bool) -> docker.Volume:
    """The volume `on_host`; an existing one of that name is taken as it is. `protect` what must outlive a slip."""
    return docker.Volume(
        name,
        name=on_host,
        labels=[docker.VolumeLabelArgs(label=f"{LABEL}.stack", value=pulumi.get_stack())],
        opts=ResourceOptions(
            parent=parent,
            provider=host.provider,
            depends_on=list(host.ready),
            protect=protect,
            delete_before_replace=False,
        ),
    )
