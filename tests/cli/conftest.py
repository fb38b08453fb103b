"""The PostgreSQL of the tests of rendered SQL."""

from tests.render.conftest import cluster, shared

__all__ = ["cluster", "shared"]
