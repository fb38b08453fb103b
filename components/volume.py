"""A named volume on the host."""

from collections.abc import Sequence

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from render import verb

from .host import Host
from .names import LABEL


def volume(
    name: str,
    volume_name: str,
    host: Host,
    *,
    parent: pulumi.Resource,
    protect: bool,
    exists: bool = False,
    kept: bool = False,
    needs: Sequence[pulumi.Resource] = (),
) -> docker.Volume:
    """Declares the volume `volume_name`, or uses an existing one of that name. `protect` the platform's data.

    One that is `kept` stays on the host when it is no longer declared: a service's own data. While it is protected, so
    is what it `needs` from `down`.

    If the host has a disk for data, the volume is a folder on it, so a new server has it too. While the disk is not
    mounted, the folder is missing and Docker does not start the container.
    """
    depends_on = [*host.ready, *needs]
    driver_opts = None
    if host.data_folder and not exists:
        depends_on.append(
            host.command(
                f"{name}-folder",
                verb.line("folder", host.data_folder, volume_name),
                delete=None if protect or kept else verb.line("folder-remove", host.data_folder, volume_name),
                parent=parent,
            )
        )
        driver_opts = {"type": "none", "o": "bind", "device": f"{host.data_folder}/{volume_name}"}
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
            retain_on_delete=kept or None,
            delete_before_replace=False,
        ),
    )
