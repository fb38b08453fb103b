"""Removes the old containers of a service after a release, and the logins, images and slot that only they used."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Output

from render import sql, verb
from settings import stream_id

from .part import Part
from .release import Release


def retire(
    release: Release, parts: Mapping[str, Part], *, after: Sequence[pulumi.Resource]
) -> Sequence[pulumi.Resource]:
    """Declares the steps that drain and remove the old containers, then what only they used: see `drop_old_logins` too.

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
    if release.images:
        images = Output.all(images={part: image.reference for part, image in release.images.items()})
        line = verb.line("prune-images", release.service, postgres=platform.postgres.container_name)
        release.command("images", line, stdin=images.apply(verb.stdin), after=[retired])
    _remove_old_redis_passwords(release, after=[retired])
    for owner in release.accounts.readers:
        _drop_old_readers(release, owner, after=[retired])
    _drop_unread_slot(release, after=[retired])
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


def drop_old_logins(release: Release, *, after: Sequence[pulumi.Resource]) -> None:
    """Declares the step that drops the PostgreSQL logins of the old containers.

    It drops all logins that are named by an owned database, so it runs after the old containers of its sharers are
    gone: one of them may have been the owner until now.
    """
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
        stdin=verb.stdin(
            {"owner": sql.owner(database.name), "group": database.electric_group}
            | ({"prefix": database.prefix} if database.sharer else {})
        ),
        after=after,
    )


def _drop_old_readers(release: Release, owner: str, *, after: Sequence[pulumi.Resource]) -> None:
    """Declares the step that drops the read-only logins of the old containers to one database."""
    reader, postgres = release.accounts.readers[owner], release.platform.postgres.container_name
    release.command(
        f"logins-{owner}",
        Output.unsecret(reader.login).apply(
            lambda login: verb.line("logins", release.service, reader.database, app=[login], postgres=postgres)
        ),
        stdin=verb.stdin({"owner": reader.group, "prefix": sql.reader_prefix(release.service)}),
        after=after,
    )


def _drop_unread_slot(release: Release, *, after: Sequence[pulumi.Resource]) -> None:
    """Declares the step that drops the slot of an Electric that is stopped on purpose: unread, it would fill the disk.

    Electric creates the slot again when it runs again, and starts with empty shapes.
    """
    electric, database = release.settings.electric, release.accounts.database
    if not (electric and database) or "electric" in release.settings.running():
        return
    release.command(
        "electric-slot",
        verb.line(
            "slot-drop",
            pulumi.get_stack(),
            release.service,
            database.name,
            slot=sql.slot(stream_id(release.service, electric)),
            postgres=release.platform.postgres.container_name,
        ),
        after=after,
    )
