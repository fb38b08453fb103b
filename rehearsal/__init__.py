"""Runs the same program on local Docker without the Pulumi CLI."""

from .state import Resource, Secret

__all__ = ["Resource", "Secret"]
