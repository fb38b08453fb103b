"""The migration of a release, in a container of the new image."""

from collections.abc import Sequence

import pulumi
from pulumi import Output

from render import environment, verb

from ..names import container_name
from .release import Release
from .volumes import mounts


def migrate(release: Release, *, after: Sequence[pulumi.Resource]) -> Sequence[pulumi.Resource]:
    """Declares the migration. It runs again if its image, command, environment, memory, timeout, login, network or
    `migrate_generation` differs from the last run.

    Safe to run again after a failure: applied migrations stay applied, and it continues after them.
    """
    name, app, platform = release.service, release.settings.app, release.platform
    database = release.accounts.database
    if not (app.migrate and database) or "app" not in release.settings.running():
        return after
    stdin = Output.all(
        image=release.images["app"].reference,
        environment=release.migrate_environment,
        login=database.migrate_login,
        **({"volumes": mounts(release)} if release.volumes else {}),
    ).apply(
        lambda values: verb.stdin(
            {
                **values,
                "command": app.migrate,
                **({"app_command": app.command} if app.command else {}),
                "network": platform.settings.network.name,
                "memory_mb": app.memory_mb,
                "secrets": environment.secret_values(
                    values["environment"], environment.secret_names(release.settings), app.env
                ),
            }
        )
    )
    backup = platform.backup
    migrated = release.command(
        "migrate",
        verb.line(
            "migrate",
            pulumi.get_stack(),
            name,
            database.name,
            container=container_name(f"{name}-migrate"),
            postgres=platform.postgres.container_name,
            timeout=app.migrate_timeout_s,
            backup=backup.container_name if backup else None,
        ),
        stdin=stdin,
        reruns_on={"GENERATION": str(app.migrate_generation)},
        after=[*after, backup.ready] if backup else after,
    )
    return [migrated]
