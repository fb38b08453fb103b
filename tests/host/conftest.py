"""Fixtures for tests of the verbs."""

from tests.throwaway.fixtures import boxes, cluster, gateway, name, recovery_image, shared

from .configuring import server
from .joining import foreign, land
from .sharing import app, reader, sharer

__all__ = [
    "app",
    "boxes",
    "cluster",
    "foreign",
    "gateway",
    "land",
    "name",
    "reader",
    "recovery_image",
    "server",
    "shared",
    "sharer",
]
