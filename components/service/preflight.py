"""Checks what a release needs, before its first change."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi import Output

from render import nginx, sql, verb
from settings import Electric, stream_id

from .electric import CHECK_TOOL
from .release import Release


def preflight(release: Release, *, after: Sequence[pulumi.Resource]) -> Sequence[pulumi.Resource]:
    """Declares the check, which runs for each new release, changes nothing, and reports everything that is missing.

    It waits for all images, so that no change begins before the host has them.
    """
    platform, electric = release.platform, release.accounts.electric
    stdin = Output.all(
        images={part: image.reference for part, image in release.images.items()},
        electric_secret=electric.secret if electric else None,
        environment=release.environment,
    ).apply(lambda values: verb.stdin(_needs(release, **values)))
    checked = release.command(
        "preflight",
        verb.line(
            "preflight",
            pulumi.get_stack(),
            release.service,
            memory=sum(block.memory_mb for block in release.settings.running().values()),
            gateway=platform.nginx.container_name,
            postgres=platform.postgres.container_name,
        ),
        stdin=stdin,
        after=[
            *after,
            platform.nginx.ready,
            *(image.resource for image in release.images.values()),
            *(certificate.placeholder for certificate in release.certificates),
        ],
    )
    return [checked]


def _needs(
    release: Release, *, images: Mapping[str, str], electric_secret: str | None, environment: Mapping[str, str]
) -> dict[str, Any]:
    # A notice on the site needs no check, and a failed check must not prevent it.
    name, settings = release.service, release.settings.model_copy(update={"maintenance": False})
    database = release.accounts.database
    parts = settings.running()
    slot = None
    if settings.electric and database and "electric" in parts:
        slot = {
            "slot": sql.slot(stream_id(name, settings.electric)),
            "database": database.name,
            "group": database.electric_group,
        }
    # The new containers have no names yet. nginx does not resolve names when it tests its configuration.
    placeholders = {part: [f"{name}-{part}"] for part in parts}
    block = settings.model_dump(
        mode="json", exclude={**{part: {"image"} for part in settings.parts()}, "restore": True}
    )
    return {
        "images": images,
        "tools": {
            part: CHECK_TOOL if isinstance(block, Electric) else block.health.tool for part, block in parts.items()
        },
        "site": nginx.site(name, settings, placeholders, electric_secret, release.platform.settings.nginx.https_port),
        "slot": slot,
        # Different in every release.
        "release": _hash(block, environment, images),
    }


def _hash(*values: object) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
