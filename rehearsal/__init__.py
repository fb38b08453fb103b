"""Runs the same program on local Docker where no Pulumi CLI can be had."""

from .state import Resource, Secret

__all__ = ["Resource", "Secret"]
