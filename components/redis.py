"""The shared Redis."""

import pulumi
from pulumi import Output, ResourceOptions

from render import environment, shell
from settings import Redis as RedisSettings

from .container import Container, container_name, fixed
from .host import Host
from .image import image
from .network import Network
from .secret import secret
from .volume import volume

CHECK = ["redis-cli", "--no-auth-warning", "ping"]
START_TIMEOUT_S = 60
# The password by a file of its own, since every process list shows what is on the command line.
COMMAND = """umask 077
printf 'requirepass %s\\nmaxmemory %s\\nappendonly yes\\ndir /data\\n' "$REDISCLI_AUTH" "$MAXMEMORY" > /tmp/redis.conf
chown redis:redis /tmp/redis.conf /data
exec setpriv --reuid=redis --regid=redis --clear-groups redis-server /tmp/redis.conf
"""


class Redis(pulumi.ComponentResource):
    """One Redis for all services; `url` has its password."""

    url: Output[str]

    def __init__(
        self,
        name: str,
        settings: RedisSettings,
        network: Network,
        host: Host,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("sertantai:platform:Redis", name, {}, opts)
        on_host = container_name("redis")
        password = secret(f"{name}-password", "REDIS_PASSWORD", parent=self, protect=True)
        data = volume(f"{name}-data", on_host, host, self, protect=True)
        container = fixed(
            f"{name}-server",
            Container(
                service="platform",
                part="redis",
                image=image(f"{name}-image", settings.image, host, self),
                memory_mb=settings.memory_mb,
                check=CHECK,
                entrypoint=["sh", "-c", COMMAND],
                environment=password.apply(
                    lambda value: {"REDISCLI_AUTH": value, "MAXMEMORY": f"{settings.memory_mb * 3 // 4}mb"}
                ),
                capabilities=["CHOWN", "SETGID", "SETUID"],
                volumes={"/data": (data.name, False)},
                grace_s=30,
            ),
            (network.network, network.addresses.redis),
            host,
            self,
            [data],
        )
        self.ready = host.command(
            f"{name}-ready",
            shell.ready(on_host, CHECK, START_TIMEOUT_S),
            reruns_on={"CONTAINER": container.id},
            parent=self,
            depends_on=[container],
        )
        self.url = password.apply(environment.redis_url)
        self.register_outputs({})
