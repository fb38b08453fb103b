"""A service's user on the shared Redis."""

import pulumi
from pulumi import ResourceOptions

from render import environment
from render import redis as render

from .host import Host
from .names import labels
from .redis import Redis
from .secret import secret


class RedisUser(pulumi.ComponentResource):
    """A user for keys below one prefix. It goes with its service, and its keys are kept.

    The old password works next to a new one until its containers are gone: `keep_password`.
    """

    def __init__(self, name: str, service: str, redis: Redis, host: Host, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:RedisUser", name, {}, opts)
        self._service, self._redis, self._host = service, redis, host
        password = secret(f"{name}-password", f"{service}_REDIS_PASSWORD", parent=self)
        self._hashed = password.apply(render.hashed)
        self.ready = host.command(
            f"{name}-acl",
            render.add_password(redis.container_name, service),
            stdin=self._hashed,
            delete=render.remove(redis.container_name, service, labels(service)),
            reruns_on={"REDIS": redis.container.id},
            parent=self,
            depends_on=[redis.ready],
        )
        self.prefix = render.prefix(service)
        self.url = password.apply(lambda value: environment.redis_url(render.user(service), value))
        self.register_outputs({})

    def keep_password(self, name: str, parent: pulumi.Resource, retired: pulumi.Resource) -> None:
        """Ends the passwords that only the old containers used."""
        self._host.command(
            name,
            render.keep_password(self._redis.container_name, self._service),
            stdin=self._hashed,
            parent=parent,
            depends_on=[retired],
        )
