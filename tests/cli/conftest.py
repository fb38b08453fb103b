"""The PostgreSQL of the tests of rendered SQL."""

from tests.throwaway.fixtures import cluster, name, shared

__all__ = ["cluster", "name", "shared"]
