"""How a service's containers go: those of before a release, and all of them when the service is taken out."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Output

from render import releases, shell, sql
from settings import Service

from .container import labels
from .database import Database
from .electric import ElectricAccess
from .platform import Platform
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
    grace_s = max(service.drain_s, shell.ELECTRIC_GRACE_S)
    removed = shell.retire(name, [], labels(name), platform.nginx.container_name, 0, grace_s)
    images = releases.prune(name, {}, shell.psql(platform.postgres.container_name))
    return platform.host.command(
        f"{name}-cleanup",
        "true",
        delete=f"({removed}) || exit 1\n{images}",
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
    text = Output.all(**containers).apply(
        lambda current: shell.retire(
            name, sorted(current.values()), labels(name), platform.nginx.container_name, drain_s, drain_s
        )
    )
    retired = platform.host.command(f"{name}-retire", text, parent=parent, depends_on=depends_on)
    psql = shell.psql(platform.postgres.container_name)
    platform.host.command(
        f"{name}-images",
        Output.all(**images).apply(lambda current: releases.prune(name, current, psql)),
        parent=parent,
        depends_on=[retired],
    )
    if redis:
        redis.keep_password(f"{name}-redis-logins", parent, retired)
    if not database:
        return retired
    owner, group = sql.owner(database.name), sql.electric_group(database.name)
    logins = Output.all(app=database.login, electric=electric.login if electric else None)
    platform.host.command(
        f"{name}-logins",
        shell.psql(platform.postgres.container_name, database.name),
        stdin=logins.apply(
            lambda current: (
                sql.drop_logins(owner, database.name, current["app"])
                + (sql.drop_logins(group, group, current["electric"]) if current["electric"] else "")
            )
        ),
        parent=parent,
        depends_on=[retired],
    )
    return retired
