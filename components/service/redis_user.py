"""A service's user on the shared Redis."""

import pulumi
from pulumi import ResourceOptions

from render import environment, verb
from render import redis as render

from ..secret import secret
from .args import ServiceArgs


class RedisUser(pulumi.ComponentResource):
    """A user for the keys with one prefix. It is removed with its service; the keys are kept.

    An old password stays valid next to the new one until `retire` has removed the old containers.
    """

    def __init__(self, name: str, args: ServiceArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:RedisUser", name, {}, opts)
        service, redis = args.service, args.platform.redis
        assert redis
        password = secret(f"{name}-password", f"{service}_REDIS_PASSWORD", parent=self)
        self.password_hash = password.apply(render.hash_password)
        self.user, self.prefix, rules = render.user(service), render.prefix(service), render.rules(service)
        self.url = password.apply(lambda value: environment.redis_url(self.user, value))
        self.ready = args.platform.host.command(
            f"{name}-acl",
            verb.line("redis-user", service, self.user, redis=redis.container_name),
            stdin=self.password_hash.apply(lambda value: verb.stdin({"password": value, "rules": rules})),
            delete=verb.line(
                "redis-user-remove",
                pulumi.get_stack(),
                service,
                self.user,
                prefix=self.prefix,
                redis=redis.container_name,
            ),
            reruns_on={"REDIS": redis.container.id},
            parent=self,
            depends_on=[redis.ready],
        )
        self.register_outputs({})
