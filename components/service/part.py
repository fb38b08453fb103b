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
    """The conditions for a new container to receive requests. Its log must not show `secrets`."""

    port: int
    successes: int
    timeout_s: int
    secrets: Output[list[str]] | None = None


@dataclass(frozen=True, kw_only=True)
class PartArgs:
    """A part's container and gate, and the resources that it starts after."""

    container: Container
    gate: Gate
    platform: Platform
    after: Sequence[pulumi.Resource]


class Part(pulumi.ComponentResource):
    """An app, a frontend or an Electric. `gate` exists once the container is healthy."""

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
        """Declares the new container next to the old one, which the step `retire` removes.

        Every change creates a new container: in place, a change of memory would change the one that serves.
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
