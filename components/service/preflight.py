"""What a release needs, asked before its first change."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Output

from render import nginx, sql, verb
from settings import Electric, Service, stream_id

from ..image import Image
from ..platform.platform import Platform
from .electric import CHECK_TOOL, ElectricAccess


def preflight(
    name: str,
    service: Service,
    images: Mapping[str, Image],
    given_to_app: Output[dict[str, str]],
    electric: ElectricAccess | None,
    platform: Platform,
    parent: pulumi.Resource,
    depends_on: Sequence[pulumi.Resource],
) -> pulumi.Resource:
    """Fails with all that is missing; runs again for whatever is a new release."""
    blocks = service.parts()
    tools = {part: CHECK_TOOL if isinstance(block, Electric) else block.health.tool for part, block in blocks.items()}
    slot = None
    if service.electric and service.database:
        database = service.database.name
        slot = {
            "slot": sql.slot(stream_id(name, service.electric)),
            "database": database,
            "group": sql.electric_group(database),
        }
    references = Output.all(**{part: pulled.reference for part, pulled in images.items()})
    settings = service.model_dump(mode="json", exclude={**{part: {"image"} for part in blocks}, "restore": True})
    told = Output.all(
        images=references, electric_secret=electric.secret if electric else None, environment=given_to_app
    ).apply(
        lambda known: verb.told(
            {
                "images": known["images"],
                "tools": tools,
                # The new containers have no names yet; nginx looks none of them up before it serves.
                "site": nginx.site(
                    name,
                    service,
                    {part: [f"{name}-{part}"] for part in blocks},
                    known["electric_secret"],
                    platform.settings.nginx.https_port,
                ),
                "slot": slot,
                # Another one in every release.
                "release": _hash(settings, known["environment"], known["images"]),
            }
        )
    )
    return platform.host.verb(
        f"{name}-preflight",
        verb.line(
            "preflight",
            pulumi.get_stack(),
            name,
            memory=sum(block.memory_mb for block in blocks.values()),
            gateway=platform.nginx.container_name,
            postgres=platform.postgres.container_name,
        ),
        told=told,
        parent=parent,
        depends_on=[platform.nginx.ready, *depends_on],
    )


def _hash(*known: object) -> str:
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
