"""The app's volumes."""

import pulumi
import pulumi_docker as docker

from ..names import container_name
from ..volume import volume
from .args import ServiceArgs


def app_volumes(args: ServiceArgs, parent: pulumi.Resource) -> dict[str, docker.Volume]:
    """Declares the volumes, and returns them by their names in the settings. They outlive releases and the service."""
    return {
        name: volume(
            f"{args.service}-volume-{name}",
            container_name(f"{args.service}-{name}"),
            args.platform.host,
            parent=parent,
            protect=False,
            kept=True,
        )
        for name in args.settings.app.volumes
    }
