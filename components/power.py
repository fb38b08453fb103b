"""Another server type is a stop and a start in order: the provider alone cuts the power, and leaves the server off."""

from pathlib import Path

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Input, Output

from .host import step
from .secret import hetzner_token

PROGRAM = Path(__file__).with_name("power_program.py")


def shut_down(name: str, address: hcloud.PrimaryIp, server_type: str, parent: pulumi.Resource) -> pulumi.Resource:
    """Before the server that has our address becomes another type. Run again it finds that there is nothing to stop."""
    call = address.id.apply(lambda number: f"shut_down({int(number)}, {server_type!r})")
    return _step(name, call, parent)


def power_on(name: str, server: hcloud.Server, parent: pulumi.Resource) -> pulumi.Resource:
    """After it became another type. Run again it finds the server running."""
    call = server.id.apply(lambda number: f"power_on({int(number)})")
    return _step(name, call, parent, TYPE=server.server_type)


def _step(name: str, call: Input[str], parent: pulumi.Resource, **reruns_on: Input[str]) -> pulumi.Resource:
    text = Output.concat(PROGRAM.read_text(), "\n\n", call, "\n")
    return step(name, ["python3", "-c"], text, stdin=hetzner_token(), reruns_on=reruns_on or None, parent=parent)
