"""A named volume on the host."""

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from render import verb

from .host import Host
from .names import LABEL


def volume(
    name: str, on_host: str, host: Host, parent: pulumi.Resource, *, protect: bool, exists: bool = False
) -> docker.Volume:
    """The volume `on_host`; an existing one of that name is taken as it is. `protect` what must outlive a slip.

    Where the host has a disk for data it lies there, so that another server finds it again. Docker refuses to start a
    container while that disk is not mounted: the folder is not there.
    """
    before = list(host.ready)
    bound = None
    if host.data and not exists:
        before.append(
            host.verb(
                f"{name}-folder",
                verb.line("folder", host.data, on_host),
                delete=None if protect else verb.line("folder-remove", host.data, on_host),
                parent=parent,
            )
        )
        bound = {"type": "none", "o": "bind", "device": f"{host.data}/{on_host}"}
    return docker.Volume(
        name,
        name=on_host,
        driver_opts=bound,
        labels=[docker.VolumeLabelArgs(label=f"{LABEL}.stack", value=pulumi.get_stack())],
        opts=ResourceOptions(
            parent=parent,
            provider=host.provider,
            depends_on=before,
            protect=protect,
            delete_before_replace=False,
        ),
    )
