"""What a release needs, asked before its first change."""

import hashlib
import json
from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Output

from render import nginx
from render import preflight as render
from render.cutover import slots_lock
from settings import Electric, Service, stream_id

from .electric import CHECK_TOOL, ElectricAccess
from .image import Image
from .platform import Platform


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
    slot = ""
    if service.electric and service.database:
        slot = render.slot_free(name, stream_id(name, service.electric), service.database.name)
    references = Output.all(**{part: pulled.reference for part, pulled in images.items()})
    text = references.apply(
        lambda known: render.preflight(
            name,
            {part: render.Checked(image=known[part], tool=tool) for part, tool in tools.items()},
            sum(block.memory_mb for block in blocks.values()),
            nginx_container=platform.nginx.container_name,
            postgres_container=platform.postgres.container_name,
            slots=slots_lock(pulumi.get_stack()),
            slot=slot,
        )
    )
    settings = service.model_dump(mode="json", exclude={**{part: {"image"} for part in blocks}, "restore": True})
    # The new containers have no names yet; nginx looks none of them up before it serves. The comment is another one in
    # every release.
    site = Output.all(electric.secret if electric else None, given_to_app, references).apply(
        lambda known: (
            nginx.site(
                name,
                service,
                {part: [f"{name}-{part}"] for part in blocks},
                known[0],
                platform.settings.nginx.https_port,
            )
            + f"# release {_hash(settings, *known[1:])}\n"
        )
    )
    return platform.host.command(
        f"{name}-preflight",
        text,
        stdin=site,
        parent=parent,
        depends_on=[platform.nginx.ready, *depends_on],
    )


def _hash(*known: object) -> str:
    return hashlib.sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()
