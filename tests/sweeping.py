"""The only way in which tests remove what they have left on Docker."""

from contextlib import closing, suppress
from typing import Any

import docker

from .waiting import eventually


def sweep(label: str) -> None:
    """Removes every container, network and volume with the label.

    Docker refuses a network or a volume for a moment: while a container that a killed run asked for still starts, or
    while a container that is gone still leaves its network.
    """
    eventually(lambda: _swept({"label": label}))


def sweep_volumes(prefix: str) -> None:
    """Removes every volume whose name begins so, also one without a label: a service's steps make such volumes."""
    eventually(lambda: _swept_volumes(prefix))


def _swept_volumes(prefix: str) -> bool:
    with closing(docker.from_env()) as client:
        for volume in client.volumes.list():
            if str(volume.name).startswith(prefix):
                _remove(volume, force=True)
    return True


def _swept(wanted: dict[str, Any]) -> bool:
    with closing(docker.from_env()) as client:
        for container in client.containers.list(all=True, filters=wanted, ignore_removed=True):
            _remove(container, force=True, v=True)
        for other in [*client.networks.list(filters=wanted), *client.volumes.list(filters=wanted)]:
            _remove(other)
    return True


def _remove(thing: Any, **how: bool) -> None:
    with suppress(docker.errors.NotFound):
        thing.remove(**how)
