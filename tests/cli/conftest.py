"""The PostgreSQL that the renderers' tests ask."""

from tests.render.conftest import cluster, shared

__all__ = ["cluster", "shared"]
