"""Electric's slot changes hands: the one moment of a release that no two containers can share."""

from collections.abc import Mapping, Sequence

from . import drift, shell, sql
from .template import fill


def cutover(
    service: str,
    stream_id: str,
    database: str,
    container: str,
    labels: Mapping[str, str],
    *,
    check: Sequence[str],
    timeout_s: int,
    cache_generation: int,
    psql: str,
    mark: str,
) -> str:
    """Moves the slot from the old container to the new. Stdin: the secrets to mask in its log, a line each.

    PostgreSQL remembers who took it over last and in which `cache_generation`: in another one the slot is dropped, and
    all shapes with it. `mark` is left on the slot.
    """
    slot, name = sql.slot(stream_id), f"cutover/{service}"
    taken = drift.mark("slot", service, slot, mark, connect=False)
    return fill(
        "cutover.sh.j2",
        what=f"{service}/electric",
        container=container,
        labels=shell.filters(labels),
        check=check,
        grace_s=shell.ELECTRIC_GRACE_S,
        timeout_s=timeout_s,
        cache_generation=cache_generation,
        psql=psql,
        known=fill("cutover_known.sql.j2", name=name),
        slot=slot,
        drop=fill("cutover_drop.sql.j2", database=database, slot=slot),
        done=taken + drift.mark("cutover", service, container, str(cache_generation), connect=False),
    )
