"""Prepares the app's volumes for a new image. The old app, the migration and the new app use them at once."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Output

from render import verb

from ..names import container_name
from .release import Release


def prepare_volumes(release: Release, *, after: Sequence[pulumi.Resource]) -> Sequence[pulumi.Resource]:
    """Declares a step for each volume, which lets the image's user write to it. It runs again for a new image.

    Safe to run again: it changes the owner of the volume's own folder alone.
    """
    service, settings = release.service, release.settings.app.volumes
    image = release.images.get("app")  # a stopped app has none
    steps = []
    for name, volume in release.volumes.items():
        volume_name = container_name(f"{service}-{name}")
        line = verb.line("volume", pulumi.get_stack(), service, name, volume=volume_name, path=settings[name])
        steps.append(
            release.command(
                f"volume-{name}-owner",
                line if image else verb.line("nothing"),
                stdin=image.reference.apply(lambda reference: verb.stdin({"image": reference})) if image else None,
                delete=verb.line("volume-leave", service, volume_name, disk=release.platform.host.data_folder),
                after=[*after, volume],
            )
        )
    return steps or after


def mounts(release: Release) -> Mapping[str, Output[str]]:
    """Returns the names of the app's volumes, by their paths in its containers."""
    return {release.settings.app.volumes[name]: volume.name for name, volume in release.volumes.items()}
