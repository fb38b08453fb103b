"""Electric's slot changes hands: the one moment of a release that no two containers can share."""

import shlex
from collections.abc import Mapping, Sequence

from . import drift, nginx, shell, sql
from .environment import ELECTRIC_PORT
from .template import fill

# A long poll lasts 20 s and Electric, told to stop, lets those in flight go on for 15.
POLLS_END_S = 6


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
    nginx_container: str,
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
        name=f"{labels['sertantai.stack']}-{service}-cutover",
        slots=slots_lock(labels["sertantai.stack"]),
        drain=shell.drain(f"{service}/electric", nginx_container, POLLS_END_S),
        turn=turn(service, nginx_container),
        slot=slot,
        drop=fill("cutover_drop.sql.j2", database=database, slot=slot),
        done=taken + drift.mark("cutover", service, container, str(cache_generation), connect=False),
    )


def slots_lock(stack: str) -> str:
    """The name of the lock without which a new replication slot would wait for the end of a restore."""
    return f"sertantai-{stack}-slots"


def turn(service: str, nginx_container: str) -> str:
    """A command that leads the requests for shapes to the container in its first argument."""
    target = f"sites/{service}.conf"
    text = fill(
        "turn.sh.j2",
        port=ELECTRIC_PORT,
        target=target,
        upstream=nginx.electric_name(service),
        volume=nginx.VOLUME,
        switch=shell.switch(f"{service}/electric", target, nginx_container, "$mark"),
    )
    return f'docker exec -e ELECTRIC="$1" {shlex.join([nginx_container, "bash", "-c", text])}'
