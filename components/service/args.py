"""What a service and all that belongs to it are made of."""

from dataclasses import dataclass

from settings import Service

from ..platform.platform import Platform


@dataclass(frozen=True, kw_only=True)
class ServiceArgs:
    """A service's name, its block of the stack file, and the platform that it runs on."""

    service: str
    settings: Service
    platform: Platform
