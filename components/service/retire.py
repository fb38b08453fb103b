"""Removes the old containers of a service after a release, and the logins and images that only they used."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Output

from render import sql, verb

from .part import Part
from .release import Release


def retire(
    release: Release, parts: Mapping[str, Part], *, after: Sequence[pulumi.Resource]
) -> Sequence[pulumi.Resource]:
    """Declares the steps that drain and remove the old containers, then their logins and the oldest images.

    Safe to run again: every container of the service is removed except the new ones.
    """
    drain_s, platform = release.settings.drain_s, release.platform
    retired = release.command(
        "retire",
        Output.all(*(part.container for part in parts.values())).apply(
            lambda containers: verb.line(
                "retire",
                pulumi.get_stack(),
                release.service,
                keep=sorted(containers),
                gateway=platform.nginx.container_name,
                drain=drain_s,
                grace=drain_s,
            )
        ),
        after=after,
    )
    release.command(
        "images",
        verb.line("prune-images", release.service, postgres=platform.postgres.container_name),
        stdin=Output.all(images={part: image.reference for part, image in release.images.items()}).apply(verb.stdin),
        after=[retired],
    )
    _remove_old_redis_passwords(release, after=[retired])
    _drop_old_logins(release, after=[retired])
    return [retired]


def _remove_old_redis_passwords(release: Release, *, after: Sequence[pulumi.Resource]) -> None:
    user, redis = release.accounts.redis, release.platform.redis
    if not (user and redis):
        return
    release.command(
        "redis-logins",
        verb.line("redis-user", release.service, user.user, redis=redis.container_name, only_password=[]),
        stdin=user.password_hash.apply(lambda value: verb.stdin({"password": value})),
        after=after,
    )


def _drop_old_logins(release: Release, *, after: Sequence[pulumi.Resource]) -> None:
    """Declares the step that drops the PostgreSQL logins of the old containers."""
    database, electric = release.accounts.database, release.accounts.electric
    if not database:
        return
    postgres = release.platform.postgres.container_name
    line = Output.all(
        app=[database.login, *([database.migrate_login] if release.settings.app.migrate else [])],
        electric=electric.login if electric else None,
    ).apply(lambda logins: verb.line("logins", release.service, database.name, **logins, postgres=postgres))
    release.command(
        "logins",
        Output.unsecret(line),  # a login's name is not secret, though it is made from the password
        stdin=verb.stdin({"owner": sql.owner(database.name), "group": sql.electric_group(database.name)}),
        after=after,
    )
