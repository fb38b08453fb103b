"""The platform as a service uses it."""

from dataclasses import dataclass

from settings import Settings

from ..host import Host
from .backup import Backup
from .certbot import Certbot
from .network import Network
from .nginx import Nginx
from .postgres import Postgres
from .redis import Redis


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The host, the network and the shared servers, with all settings."""

    settings: Settings
    host: Host
    network: Network
    postgres: Postgres
    redis: Redis | None
    nginx: Nginx
    certbot: Certbot
    backup: Backup | None = None
