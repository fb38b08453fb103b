"""The rights of the services that read this service's database."""

from collections.abc import Sequence

import pulumi
from pulumi import Output

from render import sql, verb
from settings import readers

from .release import Release


def limit_readers(release: Release, *, after: Sequence[pulumi.Resource]) -> None:
    """Declares the step that gives the readers of the service's database their rights on what this release created.

    Runs again for each release: until then, nobody but the owner may call a new function. Safe to run again: it ends
    with the same rights.
    """
    database = release.accounts.database
    if not (database and readers(release.service, release.platform.settings.services)):
        return
    release.command(
        "readers",
        verb.line(
            "limit-readers",
            release.service,
            database.name,
            owner=sql.owner(database.name),
            group=sql.readers_group(database.name),
            postgres=release.platform.postgres.container_name,
        ),
        stdin=Output.all(images={part: image.reference for part, image in release.images.items()}).apply(verb.stdin),
        reruns_on={"GENERATION": str(release.settings.app.migrate_generation)},
        after=after,
    )
