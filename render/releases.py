"""The images of past releases: going back to one is a release that needs no registry."""

from collections.abc import Mapping

from .template import fill


def began(service: str, images: Mapping[str, str]) -> str:
    """SQL for the database postgres: these are being released; not yet what one would go back to."""
    return fill("began.sql.j2", service=service, images=images)
