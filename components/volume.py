"""A named volume on the host."""

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from render import verb

from .host import Host
from .names import LABEL


def volume(
    name: str, volume_name: str, host: Host, *, parent: pulumi.Resource, protect: bool, exists: bool = False
) -> docker.Volume:
    """The volume `volume_name`; an existing one of that name is taken as it is. `protect` what holds data.

    Where the host has a disk for data, the volume lies there, so that a new server has it too. Docker refuses to start
    a container while that disk is not mounted: the folder is missing.
    """
    depends_on = list(host.ready)
    driver_opts = None
    if host.data and not exists:
        depends_on.append(
            host.command(
                f"{name}-folder",
                verb.line("folder", host.data, volume_name),
                delete=None if protect else verb.line("folder-remove", host.data, volume_name),
                parent=parent,
            )
        )
        driver_opts = {"type": "none", "o": "bind", "device": f"{host.data}/{volume_name}"}
    return docker.Volume(
        name,
        name=volume_name,
        driver_opts=driver_opts,
        labels=[docker.VolumeLabelArgs(label=f"{LABEL}.stack", value=pulumi.get_stack())],
        opts=ResourceOptions(
            parent=parent,
            provider=host.provider,
            depends_on=depends_on,
            protect=protect,
            delete_before_replace=False,
        ),
    )
