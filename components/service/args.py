"""The arguments of a service and its components."""

from dataclasses import dataclass

from settings import Service

from ..platform.platform import Platform


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """A service's name, its block of the stack file, and the platform."""

    service: str
    settings: Service
    platform: Platform
