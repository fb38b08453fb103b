"""Fixtures for tests of the verbs."""

from tests.throwaway.fixtures import boxes, cluster, gateway, name, shared

from .sharing import app, reader, sharer

__all__ = ["app", "boxes", "cluster", "gateway", "name", "reader", "shared", "sharer"]
