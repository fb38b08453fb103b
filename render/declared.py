"""What a stack file declares, as `status` and `watch` compare it with what they see on the host."""

from typing import Any

from settings import Service, Settings, stream_id

from . import sql


def declared(settings: Settings) -> dict[str, Any]:
    """Returns it as JSON: no secret is in it."""
    shared = {"postgres": settings.postgres.image, "nginx": settings.nginx.image, "certbot": settings.acme.image}
    if settings.redis:
        shared["redis"] = settings.redis.image
    if settings.backup:
        shared |= {"backup": settings.postgres.image, "backup-files": settings.postgres.image}
    if settings.alerts:
        shared["watch"] = settings.nginx.image
    return {
        "platform": shared,
        "services": {name: _service(name, service) for name, service in settings.services.items()},
        "sites": {name: {"container": site.container, "hosts": site.hosts} for name, site in settings.sites.items()},
    }


def _service(name: str, service: Service) -> dict[str, Any]:
    """Returns what can be seen of a service. Other containers call it by its `names`."""
    values: dict[str, Any] = {
        "parts": {part: settings.image for part, settings in service.parts().items()},
        "stopped": service.stopped,
        "hosts": service.hosts,
        "names": [name, *service.names],
    }
    if service.database:
        values["database"] = service.database.name
    if service.electric:
        values["slot"] = sql.slot(stream_id(name, service.electric))
    return values
