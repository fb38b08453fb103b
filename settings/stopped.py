"""Parts that are stopped on purpose: their mistakes."""

from collections.abc import Iterator, Mapping

from .service import Service


def mistakes(services: Mapping[str, Service]) -> Iterator[str]:
    """Yields stopped parts that the service does not have, and parts that are named twice."""
    for name, service in services.items():
        for index, part in enumerate(service.stopped):
            path = f"services/{name}/stopped/{index}"
            if part not in service.parts():
                yield f"{path}: the service has no {part}; remove it, or declare services/{name}/{part}"
            elif part in service.stopped[:index]:
                yield f"{path}: {part} is named twice; remove one of the two"
