"""The only reader of configuration: reads a stack file into frozen models, or reports all of its mistakes at once."""

from .checks import CERTBOT_MEMORY_MB, DOCKER_ADDRESS_POOL
from .host import Dns, HetznerHost, Host, LocalHost, SshHost
from .mistakes import Mistakes
from .names import DOCKER_HUB, HEALTH_ROLE, image_parts, registry_host
from .platform import Acme, Network, Nginx, Redis, Registry
from .postgres import Postgres
from .read import Settings, load, parse
from .service import (
    App,
    Database,
    Electric,
    Frontend,
    Health,
    Part,
    Public,
    Restore,
    Service,
    reader_kind,
    stream_id,
)
from .shared_databases import read_variable, readers, sharers
from .site import ForeignSite, Route, Site
from .sites import ACME_PATH, ELECTRIC_PATH, shapes_path
from .stack_file import PROJECT, StackFile
from .variables import REFERENCE, references, url_name

__all__ = [
    "ACME_PATH", "CERTBOT_MEMORY_MB", "DOCKER_ADDRESS_POOL", "DOCKER_HUB", "ELECTRIC_PATH", "HEALTH_ROLE", "PROJECT",
    "REFERENCE", "Acme", "App", "Database", "Dns", "Electric", "ForeignSite", "Frontend", "Health", "HetznerHost",
    "Host", "LocalHost", "Mistakes", "Network", "Nginx", "Part", "Postgres", "Public", "Redis", "Registry", "Restore",
    "Route", "Service", "Settings", "Site", "SshHost", "StackFile", "image_parts", "load", "parse",
    "read_variable", "reader_kind", "readers", "references", "registry_host", "shapes_path", "sharers", "stream_id",
    "url_name",
]  # fmt: skip
