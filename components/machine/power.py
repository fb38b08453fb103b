"""Shuts the server down and starts it for a new type: the provider alone would cut the power and leave it off."""

import pulumi
import pulumi_hcloud as hcloud
from pulumi import Input

from ..command import command
from ..secret import hetzner_token

PROGRAM = ".venv/bin/python -m cli.power"


def shut_down(name: str, address: hcloud.PrimaryIp, server_type: str, *, parent: pulumi.Resource) -> pulumi.Resource:
    """Shuts down the server that has our address, before its type changes. Safe to run again: it may be off already."""
    return _step(name, address.id.apply(lambda number: f"{PROGRAM} shut-down {number} {server_type}"), parent)


def power_on(name: str, server: hcloud.Server, *, parent: pulumi.Resource) -> pulumi.Resource:
    """Starts the server after its type has changed. Safe to run again: it may be running already."""
    return _step(name, server.id.apply(lambda number: f"{PROGRAM} power-on {number}"), parent, TYPE=server.server_type)


def _step(name: str, line: Input[str], parent: pulumi.Resource, **reruns_on: Input[str]) -> pulumi.Resource:
    return command(name, ["bash", "-c"], line, stdin=hetzner_token(), reruns_on=reruns_on or None, parent=parent)
