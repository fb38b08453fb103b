"""Images on the host, always named by digest."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output, ResourceOptions

from .host import Host


@dataclass(frozen=True, kw_only=True)
class Image:
    """An image. `reference` is repository@digest, or its ID if the host has built it; `resource` exists once the host
    has the image.
    """

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


def build_image(
    name: str, folder: str, arguments: Mapping[str, Input[str]], host: Host, *, base: Image, parent: pulumi.Resource
) -> Image:
    """Builds an image on the host, on the image `base`, from the Dockerfile in a folder of the project."""
    dockerfile = Path(folder, "Dockerfile").read_text()
    given = Output.all(**arguments)
    # Another Dockerfile or argument is another tag, so that the image is built again.
    tag = given.apply(lambda values: hashlib.sha256(f"{dockerfile}{sorted(values.items())}".encode()).hexdigest()[:12])
    resource = docker.RemoteImage(
        name,
        name=Output.concat("sertantai/built:", tag),
        build=docker.RemoteImageBuildArgs(context=folder, build_args=given),
        keep_locally=True,
        opts=ResourceOptions(
            parent=parent,
            provider=host.provider,
            depends_on=[*host.ready, base.resource],
            delete_before_replace=False,
        ),
    )
    return Image(reference=resource.image_id, resource=resource)
