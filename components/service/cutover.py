"""Electric's cut-over: the new container takes the replication slot over from the old one."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Output

from render import environment, sql, verb
from settings import stream_id

from .electric import ACTIVE
from .part import Part
from .release import Release


def cut_over(release: Release, parts: Mapping[str, Part]) -> Sequence[pulumi.Resource]:
    """Declares the cut-over after all gates. Returns the gates, and the cut-over if the service has an Electric.

    Safe to run again: the new Electric may be active already.
    """
    gates = [part.gate for part in parts.values()]
    name, settings, platform = release.service, release.settings.electric, release.platform
    access, database = release.accounts.electric, release.accounts.database
    if not (settings and access and database and "electric" in parts):
        return gates
    fingerprint = platform.host.fingerprint(f"slot/{name}")
    active = release.command(
        "cutover",
        Output.all(parts["electric"].container, release.images["electric"].reference).apply(
            lambda pair: verb.line(
                "cutover",
                f"{name}/electric",
                pair[0],
                stack=pulumi.get_stack(),
                slot=sql.slot(stream_id(name, settings)),
                storage=environment.electric_storage(pair[1]),
                generation=settings.cache_generation,
                postgres=platform.postgres.container_name,
                gateway=platform.nginx.container_name,
                timeout=settings.start_timeout_s,
            )
        ),
        stdin=Output.all(secrets=access.secrets, fingerprint=fingerprint).apply(
            lambda values: verb.stdin({"check": ACTIVE, "database": database.name, **values})
        ),
        reruns_on={"FINGERPRINT": fingerprint},
        after=gates,
    )
    return [*gates, active]
