"""The shared Redis."""

import pulumi
from pulumi import ResourceOptions

from render import redis as render
from settings import Redis as RedisSettings

from ..container import Container, fixed
from ..host import Host
from ..image import image
from ..names import container_name
from ..secret import secret
from ..volume import volume
from .network import Network
from .server import readiness

START_TIMEOUT_S = 60


class Redis(pulumi.ComponentResource):
    """One Redis for the services that ask for it; each has a user of its own."""

    def __init__(
        self,
        name: str,
        settings: RedisSettings,
        network: Network,
        host: Host,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("sertantai:platform:Redis", name, {}, opts)
        self.container_name = container_name("redis")
        # The platform's own, which no operator sets: a change would replace the container. It holds no data.
        password = secret(f"{name}-password", None, parent=self)
        data = volume(f"{name}-data", self.container_name, host, self, protect=True)
        self.container = fixed(
            f"{name}-server",
            Container(
                service="platform",
                part="redis",
                image=image(f"{name}-image", settings.image, host, self),
                memory_mb=settings.memory_mb,
                check=render.CHECK,
                entrypoint=render.serve(settings.memory_mb),
                environment=password.apply(lambda value: {"REDISCLI_AUTH": value}),
                capabilities=["CHOWN", "SETGID", "SETUID"],
                volumes={"/data": (data.name, False)},
                grace_s=30,
            ),
            (network, network.addresses.redis),
            host,
            self,
            [data],
        )
        self.ready = readiness(
            f"{name}-ready", self.container, self.container_name, render.CHECK, START_TIMEOUT_S, host, self
        )
        self.register_outputs({})
