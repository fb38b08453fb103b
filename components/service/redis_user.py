"""A service's user on the shared Redis."""

import pulumi
from pulumi import ResourceOptions

from render import environment, verb
from render import redis as render

from ..host import Host
from ..platform.redis import Redis
from ..secret import secret


class RedisUser(pulumi.ComponentResource):
    """A user for keys below one prefix. It goes with its service, and its keys are kept.

    The old password works next to a new one until its containers are gone: `keep_password`.
    """

    def __init__(self, name: str, service: str, redis: Redis, host: Host, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:RedisUser", name, {}, opts)
        self._service, self._redis, self._host = service, redis, host
        password = secret(f"{name}-password", f"{service}_REDIS_PASSWORD", parent=self)
        self._hashed = password.apply(render.hashed)
        user, rules = render.user(service), render.rules(service)
        self.prefix = render.prefix(service)
        self.ready = host.verb(
            f"{name}-acl",
            verb.line("redis-user", service, user, redis=redis.container_name),
            told=self._hashed.apply(lambda hashed: verb.told({"password": hashed, "rules": rules})),
            delete=verb.line(
                "redis-user-remove",
                pulumi.get_stack(),
                service,
                user,
                prefix=self.prefix,
                redis=redis.container_name,
            ),
            reruns_on={"REDIS": redis.container.id},
            parent=self,
            depends_on=[redis.ready],
        )
        self.url = password.apply(lambda value: environment.redis_url(render.user(service), value))
        self.register_outputs({})

    def keep_password(self, name: str, parent: pulumi.Resource, retired: pulumi.Resource) -> None:
        """Ends the passwords that only the old containers used."""
        user, redis = render.user(self._service), self._redis.container_name
        self._host.verb(
            name,
            verb.line("redis-user", self._service, user, redis=redis, only_password=[]),
            told=self._hashed.apply(lambda hashed: verb.told({"password": hashed})),
            parent=parent,
            depends_on=[retired],
        )
