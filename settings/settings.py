"""The configuration of one stack."""

from typing import Annotated

from pydantic import Field

from . import checks
from .alerts import Alerts
from .backup import Backup, backup_warnings
from .host import Dns, Host
from .names import ServiceName
from .platform import Acme, Model, Network, Nginx, Redis, Registry
from .postgres import Postgres, postgres_warnings
from .service import Service
from .site import ForeignSite


class Settings(Model):
    """The whole configuration of one stack, without its secrets."""

    host: Host
    dns: Dns | None = None
    acme: Acme
    registry: Registry | None = None
    network: Network = Network()
    postgres: Postgres
    redis: Redis | None = None
    nginx: Nginx
    services: Annotated[dict[ServiceName, Service], Field(min_length=1)]
    backup: Backup | None = None
    alerts: Alerts | None = None
    sites: dict[ServiceName, ForeignSite] = {}
    """Sites for containers that the platform did not make. A site and a service have different names."""

    def images(self) -> dict[str, str]:
        """Returns the reference of every image, by the path of its setting."""
        blocks = {name: getattr(self, name) for name in ("acme", "postgres", "redis", "nginx")}
        for name, service in self.services.items():
            blocks |= {f"services/{name}/{part}": block for part, block in service.running().items()}
        return {f"{path}/image": block.image for path, block in blocks.items() if block}

    def warnings(self) -> list[str]:
        """Returns warnings about valid settings, one line each, path first."""
        return [
            *checks.electric_warnings(self.services),
            *postgres_warnings(self.postgres, self.services),
            *backup_warnings(self.backup, self.host),
        ]
