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
from .network import Network
from .platform_container import run_platform_container

START_TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    """Redis's settings."""

    settings: RedisSettings
    network: Network
    host: Host


class Redis(pulumi.ComponentResource):
    """One Redis for the services that declare `redis`. Each has its own user."""

    def __init__(self, name: str, args: RedisArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Redis", name, {}, opts)
        settings, network, host = args.settings, args.network, args.host
        self.container_name = container_name("redis")
        # No operator sets the administrator's password: a change replaces the container.
        password = secret(f"{name}-password", None, parent=self)
        data = volume(f"{name}-data", self.container_name, host, parent=self, protect=True)
        server = run_platform_container(
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
            networks=[network.at_address(network.addresses.redis, "redis")],
            start_timeout_s=START_TIMEOUT_S,
            parent=self,
            depends_on=[network.ready, data],
        )
        self.container, self.ready = server.container, server.ready
        self.register_outputs({})
