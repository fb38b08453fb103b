"""Another server type is a stop and a start in order: the provider alone cuts the power, and leaves the server off."""

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Input

from ..host import step
from ..secret import hetzner_token

PROGRAM = "python3 -m components.machine.power_program"


def shut_down(name: str, address: hcloud.PrimaryIp, server_type: str, parent: pulumi.Resource) -> pulumi.Resource:
    """Before the server that has our address becomes another type. Run again it finds that there is nothing to stop."""
    return _step(name, address.id.apply(lambda number: f"{PROGRAM} shut-down {number} {server_type}"), parent)


def power_on(name: str, server: hcloud.Server, parent: pulumi.Resource) -> pulumi.Resource:
    """After it became another type. Run again it finds the server running."""
    return _step(name, server.id.apply(lambda number: f"{PROGRAM} power-on {number}"), parent, TYPE=server.server_type)


def _step(name: str, line: Input[str], parent: pulumi.Resource, **reruns_on: Input[str]) -> pulumi.Resource:
    return step(name, ["bash", "-c"], line, stdin=hetzner_token(), reruns_on=reruns_on or None, parent=parent)
