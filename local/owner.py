"""Which runner has a platform on this machine: the Pulumi CLI or the rehearsal, never both."""

from typing import Any

import docker
from docker.errors import DockerException
from docker.models.containers import Container

from .errors import Trouble

REHEARSAL = {"sertantai.owner": "rehearsal"}
"""The label of whatever the rehearsal makes on Docker."""
HELD = "{0} holds the stack {1} on this machine: `{2}` clears the way; its data goes with it"


def owned(stack: str, *labels: str) -> list[Any]:
    """The stack's containers and volumes, containers first; with `labels`, those that have them too."""
    client = docker.from_env()
    wanted: dict[str, Any] = {"label": [f"sertantai.stack={stack}", *labels]}
    containers = client.containers.list(all=True, filters=wanted, ignore_removed=True)
    return [*containers, *client.volumes.list(filters=wanted)]


def rehearsed(stack: str) -> list[Any]:
    """Those of them that the rehearsal has made."""
    return owned(stack, *(f"{name}={value}" for name, value in REHEARSAL.items()))


def remove_rehearsed(stack: str) -> None:
    """Removes all that the rehearsal has made, also what a killed run could not record.

    The network is made by a step, without the rehearsal's label: it goes where nothing else of the stack is left.
    """
    for thing in rehearsed(stack):
        thing.remove(**({"force": True, "v": True} if isinstance(thing, Container) else {}))
    client = docker.from_env()
    for network in [] if owned(stack) else client.networks.list(filters={"label": f"sertantai.stack={stack}"}):
        network.remove()


def refuse_engine(stack: str) -> None:
    """Raises where the Pulumi CLI has the platform: the rehearsal may not touch it."""
    if owned(stack) and not rehearsed(stack):
        raise Trouble(HELD.format("the Pulumi CLI", stack, f"make destroy STACK={stack}"))


def refuse_rehearsal(stack: str) -> None:
    """Raises where the rehearsal has the platform: the Pulumi CLI may not touch it. Without Docker there is none."""
    try:
        held = rehearsed(stack)
    except DockerException:
        return
    if held:
        raise Trouble(HELD.format("the rehearsal", stack, f"python -m rehearsal destroy --yes --stack {stack}"))
