"""The one network of all containers."""

import pulumi
from pulumi import ResourceOptions

from render import verb
from render.network import Addresses, addresses
from settings import Network as NetworkSettings

from ..drift import Drift
from ..host import Host


class Network(pulumi.ComponentResource):
    """A bridge whose lower half has the fixed addresses; Docker gives out the upper half only.

    A step makes it: the provider's own resource waits 2 s at each read.
    """

    def __init__(
        self, name: str, settings: NetworkSettings, host: Host, drift: Drift, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("sertantai:platform:Network", name, {}, opts)
        self.name, stack = settings.name, pulumi.get_stack()
        self.addresses: Addresses = addresses(settings.subnet)
        self.ready = host.verb(
            f"{name}-bridge",
            verb.line(
                "network",
                settings.name,
                stack=stack,
                subnet=settings.subnet,
                gateway=self.addresses.gateway,
                ip_range=self.addresses.ip_range,
            ),
            told=drift.of("network").apply(lambda fingerprint: verb.told({"fingerprint": fingerprint})),
            delete=verb.line("network-remove", settings.name, stack=stack),
            # Another subnet needs another name: then the containers move over before the old network goes, which
            # could not be deleted with them on it.
            triggers=[settings.name],
            parent=self,
        )
        self.register_outputs({})
