"""A part of a service: a container beside its predecessor, and the gate that lets it have traffic."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Input, Output, ResourceOptions

from render import verb

from ..container import Container, released
from ..host import Host
from ..platform.network import Network


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What a new container must do before it may serve. `secrets` are what its log must not show."""

    check: Sequence[str]
    port: int
    successes: int
    timeout_s: int
    secrets: Input[Sequence[str]] = ()


class Part(pulumi.ComponentResource):
    """App, frontend and Electric alike: they differ in what they hand over here. `gate` is there once it is healthy."""

    container: Output[str]
    image: Output[str]

    def __init__(
        self,
        name: str,
        container: Container,
        gate: Gate,
        network: Network,
        host: Host,
        depends_on: Sequence[pulumi.Resource],
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("sertantai:service:Part", name, {}, opts)
        made = released(name, container, network, host, self, depends_on)
        what = f"{container.service}/{container.part}"
        self.gate = host.verb(
            f"{name}-gate",
            made.name.apply(
                lambda on_host: verb.line(
                    "gate", what, on_host, port=gate.port, successes=gate.successes, timeout=gate.timeout_s
                )
            ),
            told=Output.from_input(gate.secrets).apply(
                lambda secrets: verb.told({"check": list(gate.check), "secrets": list(secrets)})
            ),
            parent=self,
            depends_on=[made],
        )
        self.container = made.name
        self.image = container.image.reference
        self.register_outputs({"container": self.container, "image": self.image})
