"""Fixtures of throwaway containers."""

from tests.throwaway.fixtures import boxes

__all__ = ["boxes"]
