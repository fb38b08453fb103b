"""The images of past releases: going back to one is a release that needs no registry."""

from collections.abc import Mapping

from .template import fill

KEPT = 5


def began(service: str, images: Mapping[str, str]) -> str:
    """SQL for the database postgres: these are being released; not yet what one would go back to."""
    return fill("began.sql.j2", service=service, images=images)


def prune(service: str, current: Mapping[str, str], psql: str) -> str:
    """Notes `current` as what serves now and removes what is older than the last ones; without it, everything."""
    return fill("images.sh.j2", service=service, current=current, psql=psql, keep=KEPT if current else 0, kept=KEPT)
