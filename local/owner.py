"""Which runner owns the platform on this machine: the Pulumi CLI or the rehearsal, never both."""

import time
from typing import Any

import docker
from docker.errors import APIError, DockerException
from docker.models.containers import Container

from .errors import Trouble

REHEARSAL = {"sertantai.owner": "rehearsal"}
"""The label of everything that the rehearsal creates on Docker."""
REMOVE_S = 30
"""How long Docker may refuse to remove a thing because another one is just going."""
OWNED = "{0} owns the stack {1} on this machine: run `{2}` first, which removes it with its data"


def owned(stack: str, *labels: str) -> list[Any]:
    """Returns the stack's containers and volumes, containers first. With `labels`, only those that have them too."""
    client = docker.from_env()
    wanted: dict[str, Any] = {"label": [f"sertantai.stack={stack}", *labels]}
    containers = client.containers.list(all=True, filters=wanted, ignore_removed=True)
    return [*containers, *client.volumes.list(filters=wanted)]


def rehearsed(stack: str) -> list[Any]:
    """Returns the stack's containers and volumes that the rehearsal has created."""
    return owned(stack, *(f"{name}={value}" for name, value in REHEARSAL.items()))


def remove_rehearsed(stack: str) -> None:
    """Removes everything that the rehearsal has created, including what a killed run could not record.

    A step creates the network, so it lacks the rehearsal's label. It is removed if nothing else of the stack is left.
    """
    end = time.monotonic() + REMOVE_S
    while True:
        try:
            return _remove(stack)
        except APIError:
            if time.monotonic() >= end:
                raise
        time.sleep(0.2)


def _remove(stack: str) -> None:
    for thing in rehearsed(stack):
        thing.remove(**({"force": True, "v": True} if isinstance(thing, Container) else {}))
    client = docker.from_env()
    for network in [] if owned(stack) else client.networks.list(filters={"label": f"sertantai.stack={stack}"}):
        network.remove()


def refuse_engine(stack: str) -> None:
    """Raises `Trouble` if the Pulumi CLI owns the platform: the rehearsal must not change it."""
    if owned(stack) and not rehearsed(stack):
        raise Trouble(OWNED.format("the Pulumi CLI", stack, f"make destroy STACK={stack}"))


def refuse_rehearsal(stack: str) -> None:
    """Raises `Trouble` if the rehearsal owns the platform, which needs Docker: the Pulumi CLI must not change it."""
    try:
        held = rehearsed(stack)
    except DockerException:
        return
    if held:
        raise Trouble(OWNED.format("the rehearsal", stack, f"python -m rehearsal destroy --yes --stack {stack}"))
