"""An image on the host, always by its digest."""

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import InvokeOptions, Output, ResourceOptions

from settings import image_parts

from .host import Host


@dataclass(frozen=True, kw_only=True)
class Image:
    """`reference` is repository@digest; `resource` is there once the host has it."""

    reference: Output[str]
    resource: docker.RemoteImage


def image(name: str, reference: str, host: Host, parent: pulumi.Resource) -> Image:
    """Pulls `reference`. One that names a digest never asks the registry which it is: going back works without it.

    A pull is keyed by the digest: by a tag the provider would keep whatever it has under that name.
    """
    repository, tag, digest = image_parts(reference)
    if digest:
        pinned = Output.from_input(f"{repository}@{digest}")
    else:
        if reference not in host.digests:
            host.digests[reference] = _resolved(repository, tag, host)
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


def _resolved(repository: str, tag: str, host: Host) -> Output[str]:
    found = docker.get_registry_image_output(name=f"{repository}:{tag}", opts=InvokeOptions(provider=host.provider))
    return found.sha256_digest.apply(lambda digest: f"{repository}@{digest}")
