"""The only reader of configuration: reads a stack file into frozen models, or reports all of its mistakes at once."""

from .alerts import WATCH_MEMORY_MB, Alerts
from .backup import CREDENTIALS, Backup, LocalRepository, S3Repository, SftpRepository, secret_name
from .build import Build
from .checks import CERTBOT_MEMORY_MB, DOCKER_ADDRESS_POOL
from .electric import Electric, Public, stream_id
from .host import Dns, HetznerHost, Host, LocalHost, SshHost
from .mistakes import Mistakes, report
from .names import BACKUP_ROLE, DOCKER_HUB, HEALTH_ROLE, image_parts, is_on_this_machine, registry_host
from .platform import Acme, Network, Nginx, Redis, Registry
from .postgres import Postgres
from .read import load, parse, read
from .service import App, Database, Frontend, Health, Part, Restore, Service, reader_kind
from .settings import Settings
from .shared_databases import read_variable, readers, sharers
from .site import ForeignSite, Route, Site
from .sites import ACME_PATH, ELECTRIC_PATH, shapes_path
from .stack_file import PROJECT, StackFile
from .variables import REFERENCE, references, url_name

__all__ = [
    "ACME_PATH", "BACKUP_ROLE", "CERTBOT_MEMORY_MB", "CREDENTIALS", "DOCKER_ADDRESS_POOL", "DOCKER_HUB",
    "ELECTRIC_PATH", "HEALTH_ROLE", "PROJECT", "REFERENCE", "WATCH_MEMORY_MB", "Acme", "Alerts", "App", "Backup",
    "Build", "Database", "Dns", "Electric", "ForeignSite", "Frontend", "Health", "HetznerHost", "Host", "LocalHost",
    "LocalRepository", "Mistakes", "Network", "Nginx", "Part", "Postgres", "Public", "Redis", "Registry", "Restore",
    "Route", "S3Repository", "Service", "Settings", "SftpRepository", "Site", "SshHost", "StackFile", "image_parts",
    "is_on_this_machine", "load", "parse", "read", "read_variable", "reader_kind", "readers", "references",
    "registry_host", "report", "secret_name", "shapes_path", "sharers", "stream_id", "url_name",
]  # fmt: skip
