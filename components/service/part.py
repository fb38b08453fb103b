"""A part of a service: a new container next to the old one, and the gate that it must pass to receive requests."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Output, ResourceOptions

from render import verb

from ..container import Container
from ..platform.platform import Platform


@dataclass(frozen=True, kw_only=True)
class Gate:
    """What a new container must do before it may serve. `secrets` are what its log must not show."""

    port: int
    successes: int
    timeout_s: int
    secrets: Output[list[str]] | None = None


@dataclass(frozen=True, kw_only=True)
class PartArgs:
    """What a part is made of, and what it comes after."""

    container: Container
    gate: Gate
    platform: Platform
    after: Sequence[pulumi.Resource]


class Part(pulumi.ComponentResource):
    """App, frontend and Electric alike: they differ in their args. `gate` exists once the container is healthy."""

    container: Output[str]

    def __init__(self, name: str, args: PartArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:Part", name, {}, opts)
        part, gate = f"{args.container.service}/{args.container.part}", args.gate
        check = list(args.container.check)
        container = self._start(name, args)
        self.container = container.name
        self.gate = args.platform.host.command(
            f"{name}-gate",
            container.name.apply(
                lambda container_name: verb.line(
                    "gate", part, container_name, port=gate.port, successes=gate.successes, timeout=gate.timeout_s
                )
            ),
            stdin=Output.all(check=check, secrets=gate.secrets or []).apply(verb.stdin),
            parent=self,
            depends_on=[container],
        )
        self.register_outputs({"container": self.container})

    def _start(self, name: str, args: PartArgs) -> docker.Container:
        """Starts the new container next to the old one, which the service's `retire` removes.

        Every change makes a new one: applied in place, a change of memory would change the container that serves.
        """
        platform = args.platform
        arguments = args.container.arguments()
        arguments.networks_advanced = [docker.ContainerNetworksAdvancedArgs(name=platform.network.name)]
        return docker.Container(
            name,
            arguments,
            opts=ResourceOptions(
                parent=self,
                provider=platform.host.provider,
                depends_on=[
                    *platform.host.ready,
                    platform.network.ready,
                    args.container.image.resource,
                    *args.after,
                ],
                delete_before_replace=False,
                retain_on_delete=True,
                replace_on_changes=["*"],
            ),
        )
