"""Fixtures for tests of rendered texts."""

from tests.throwaway.fixtures import boxes, cluster, gateway, name, shared

__all__ = ["boxes", "cluster", "gateway", "name", "shared"]
