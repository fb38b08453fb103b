"""The shared Redis."""

from dataclasses import dataclass

import pulumi
from pulumi import ResourceOptions

from render import redis as render
from settings import Redis as RedisSettings

from ..container import Container
from ..host import Host
from ..image import pull_image
from ..names import container_name
from ..secret import secret
from ..volume import volume
from .fixed import run_fixed
from .network import Network

START_TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    """What Redis is made of."""

    settings: RedisSettings
    network: Network
    host: Host


class Redis(pulumi.ComponentResource):
    """One Redis for the services that ask for it; each has a user of its own."""

    def __init__(self, name: str, args: RedisArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Redis", name, {}, opts)
        settings, network, host = args.settings, args.network, args.host
        self.container_name = container_name("redis")
        # The platform's own, which no operator sets: a change would replace the container. It holds no data.
        password = secret(f"{name}-password", None, parent=self)
        data = volume(f"{name}-data", self.container_name, host, parent=self, protect=True)
        fixed = run_fixed(
            name,
            Container(
                service="platform",
                part="redis",
                image=pull_image(f"{name}-image", settings.image, host, parent=self),
                memory_mb=settings.memory_mb,
                check=render.CHECK,
                entrypoint=render.entrypoint(settings.memory_mb),
                environment=password.apply(lambda value: {"REDISCLI_AUTH": value}),
                capabilities=["CHOWN", "SETGID", "SETUID"],
                volumes={"/data": (data.name, False)},
                grace_s=30,
            ),
            host,
            network=network.fixed(network.addresses.redis, "redis"),
            start_timeout_s=START_TIMEOUT_S,
            parent=self,
            depends_on=[network.ready, data],
        )
        self.container, self.ready = fixed.container, fixed.ready
        self.register_outputs({})
