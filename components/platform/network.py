"""A network of containers: one for the platform and its services, and one for backups."""

from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from render import verb
from render.network import Addresses, addresses
from settings import Network as NetworkSettings

from ..host import Host


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """The network's settings."""

    settings: NetworkSettings
    host: Host
    fingerprint: str = "network"
    """The name of its fingerprint."""


class Network(pulumi.ComponentResource):
    """A bridge network. Its lower half has the fixed addresses; Docker assigns the upper half.

    A step creates it, since the provider's resource waits 2 s at each read.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Network", name, {}, opts)
        settings, stack = args.settings, pulumi.get_stack()
        self.name, self.subnet = settings.name, settings.subnet
        self.addresses: Addresses = addresses(settings.subnet)
        self.ready = args.host.command(
            f"{name}-bridge",
            verb.line(
                "network",
                settings.name,
                stack=stack,
                subnet=settings.subnet,
                gateway=self.addresses.gateway,
                ip_range=self.addresses.ip_range,
            ),
            stdin=args.host.fingerprint(args.fingerprint).apply(
                lambda fingerprint: verb.stdin({"fingerprint": fingerprint})
            ),
            delete=verb.line("network-remove", settings.name, stack=stack),
            # A new subnet needs a new name: the containers move before the old network is removed. Docker does not
            # remove a network with containers.
            triggers=[settings.name],
            parent=self,
        )
        self.register_outputs({})

    def at_address(self, address: str, alias: str) -> docker.ContainerNetworksAdvancedArgs:
        """Returns a container's connection to the network, at a fixed address and with an alias."""
        return docker.ContainerNetworksAdvancedArgs(name=self.name, ipv4_address=address, aliases=[alias])

    def anywhere(self) -> docker.ContainerNetworksAdvancedArgs:
        """Returns a container's connection to the network, at an address that Docker assigns."""
        return docker.ContainerNetworksAdvancedArgs(name=self.name)
