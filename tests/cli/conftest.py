"""The PostgreSQL of the tests of rendered SQL."""

from tests.throwaway.fixtures import cluster, shared

__all__ = ["cluster", "shared"]
