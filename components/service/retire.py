"""How a service's containers go: those of before a release, and all of them when the service is taken out."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Output

from render import sql, verb
from settings import Service

from ..platform.platform import Platform
from .database import Database
from .electric import GRACE_S as ELECTRIC_GRACE_S
from .electric import ElectricAccess
from .redis_user import RedisUser


def cleanup(
    name: str,
    service: Service,
    platform: Platform,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """Does nothing until the service is taken out: then what is left of it goes, after its site.

    The containers depend on it, so it is there before the first of them and goes after the last, even if no release
    ever came to its end.
    """
    grace_s = max(service.drain_s, ELECTRIC_GRACE_S)
    postgres = platform.postgres.container_name
    return platform.host.verb(
        f"{name}-cleanup",
        verb.line("nothing"),
        delete=verb.line("take-out", pulumi.get_stack(), name, postgres=postgres, grace=grace_s),
        parent=parent,
        depends_on=depends_on,
    )


def retire(
    name: str,
    service: Service,
    containers: Mapping[str, Output[str]],
    images: Mapping[str, Output[str]],
    database: Database | None,
    electric: ElectricAccess | None,
    redis: RedisUser | None,
    platform: Platform,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """Drains and removes what served before `containers`, then the logins that only it used, and its oldest images."""
    drain_s = service.drain_s
    line = Output.all(**containers).apply(
        lambda current: verb.line(
            "retire",
            pulumi.get_stack(),
            name,
            keep=sorted(current.values()),
            gateway=platform.nginx.container_name,
            drain=drain_s,
            grace=drain_s,
        )
    )
    retired = platform.host.verb(f"{name}-retire", line, parent=parent, depends_on=depends_on)
    platform.host.verb(
        f"{name}-images",
        verb.line("prune-images", name, postgres=platform.postgres.container_name),
        told=Output.all(**images).apply(lambda current: verb.told({"images": current})),
        parent=parent,
        depends_on=[retired],
    )
    if redis:
        redis.keep_password(f"{name}-redis-logins", parent, retired)
    if database:
        _drop_logins(name, service, database, electric, platform, parent, retired)
    return retired


def _drop_logins(
    name: str,
    service: Service,
    database: Database,
    electric: ElectricAccess | None,
    platform: Platform,
    parent: pulumi.Resource,
    retired: pulumi.Resource,
) -> None:
    """The logins that only the old containers used."""
    current = Output.all(
        app=[database.login, *([database.migrate_login] if service.app.migrate else [])],
        electric=electric.login if electric else None,
    )
    line = current.apply(
        lambda logins: verb.line("logins", name, database.name, **logins, postgres=platform.postgres.container_name)
    )
    platform.host.verb(
        f"{name}-logins",
        Output.unsecret(line),  # a name is not secret, though it is made from the password
        told=verb.told({"owner": sql.owner(database.name), "group": sql.electric_group(database.name)}),
        parent=parent,
        depends_on=[retired],
    )
