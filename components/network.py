"""The one network of all containers."""

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from render.network import Addresses, addresses
from settings import Network as NetworkSettings

from .container import LABEL
from .host import Host


class Network(pulumi.ComponentResource):
    """A bridge whose lower half has the fixed addresses; Docker gives out the upper half only."""

    def __init__(self, name: str, settings: NetworkSettings, host: Host, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Network", name, {}, opts)
        self.addresses: Addresses = addresses(settings.subnet)
        self.network = docker.Network(
            f"{name}-bridge",
            name=settings.name,
            driver="bridge",
            ipam_configs=[
                docker.NetworkIpamConfigArgs(
                    subnet=settings.subnet,
                    gateway=self.addresses.gateway,
                    ip_range=self.addresses.ip_range,
                )
            ],
            labels=[docker.NetworkLabelArgs(label=f"{LABEL}.stack", value=pulumi.get_stack())],
            # Another subnet needs another name: then the containers move over before the old network goes, which
            # could not be deleted with them on it.
            opts=ResourceOptions(
                parent=self, provider=host.provider, depends_on=list(host.ready), delete_before_replace=False
            ),
        )
        self.register_outputs({})
