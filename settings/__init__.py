"""The only reader of configuration: reads a stack file into frozen models, or reports all of its mistakes at once."""

from .checks import CERTBOT_MEMORY_MB, DOCKER_ADDRESS_POOL
from .host import Dns, HetznerHost, Host, LocalHost, SshHost
from .mistakes import Mistakes
from .names import DOCKER_HUB, HEALTH_ROLE, image_parts, registry_host
from .platform import Acme, Network, Nginx, Postgres, Redis, Registry
from .read import Settings, load, parse
from .service import App, Database, Electric, Frontend, Health, Part, Public, Restore, Service, ThroughApp, stream_id
from .site import ForeignSite, Route, Site
from .sites import ACME_PATH, ELECTRIC_PATH
from .stack_file import PROJECT, StackFile

__all__ = [
    "ACME_PATH", "CERTBOT_MEMORY_MB", "DOCKER_ADDRESS_POOL", "DOCKER_HUB", "ELECTRIC_PATH", "HEALTH_ROLE", "PROJECT",
    "Acme", "App", "Database", "Dns", "Electric", "ForeignSite", "Frontend", "Health", "HetznerHost", "Host",
    "LocalHost", "Mistakes", "Network", "Nginx", "Part", "Postgres", "Public", "Redis", "Registry", "Restore", "Route",
    "Service", "Settings", "Site", "SshHost", "StackFile", "ThroughApp", "image_parts", "load", "parse",
    "registry_host", "stream_id",
]  # fmt: skip
