"""What a release needs, asked before its first change."""

from collections.abc import Mapping
from dataclasses import dataclass

from . import nginx, releases, shell, sql
from .template import fill

DISK_MB = 512


@dataclass(frozen=True, kw_only=True)
class Checked:
    """A part of the release: its image on the host, and the program in it that the health check runs."""

    image: str
    tool: str


def preflight(
    service: str,
    parts: Mapping[str, Checked],
    memory_mb: int,
    *,
    nginx_container: str,
    postgres_container: str,
    slots: str,
    slot: str = "",
) -> str:
    """Everything that is missing, together. Stdin: the site's text. `slot` is SQL that says what is wrong with it.

    `slots` is the lock that a restore holds: a release begins when it has ended.
    """
    what, target = f"{service}/site", f"sites/{service}.conf"
    tried = fill("try.sh.j2", what=what, target=target, volume=nginx.VOLUME)
    return fill(
        "preflight.sh.j2",
        service=service,
        slots=slots,
        parts=[
            {"name": name, "path": f"services/{service}/{name}", "image": part.image, "tool": part.tool}
            for name, part in parts.items()
        ],
        disk_mb=DISK_MB,
        memory_mb=memory_mb,
        question=releases.began(service, {name: part.image for name, part in parts.items()}) + slot,
        psql=shell.psql(postgres_container),
        postgres=postgres_container,
        tried=shell.inside(nginx_container, tried),
    )


def slot_free(service: str, stream_id: str, database: str) -> str:
    """SQL that prints what is wrong with Electric's slot: it is one for the whole cluster."""
    return fill(
        "slot_free.sql.j2",
        path=f"services/{service}/electric/stream_id",
        slot=sql.slot(stream_id),
        database=database,
        group=sql.electric_group(database),
    )
