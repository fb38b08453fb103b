"""Images on the host, always named by digest."""

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Output, ResourceOptions

from .host import Host


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image. `reference` is repository@digest; `resource` exists once the host has the image."""

    reference: Output[str]
    resource: docker.RemoteImage


def pull_image(name: str, reference: str, host: Host, *, parent: pulumi.Resource) -> Image:
    """Pulls an image by its digest. By a tag, the provider would keep any image of that name that the host has."""
    pinned = host.digests[reference]
    resource = docker.RemoteImage(
        name,
        name=pinned,
        keep_locally=True,
        opts=ResourceOptions(
            parent=parent, provider=host.provider, depends_on=list(host.ready), delete_before_replace=False
        ),
    )
    return Image(reference=pinned, resource=resource)
