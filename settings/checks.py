"""Checks between settings: each yields lines of the form `path: what is wrong; what to do`."""

import os
from collections.abc import Collection, Iterator, Mapping
from ipaddress import ip_network
from itertools import chain, islice

from .alerts import WATCH_MEMORY_MB, Alerts
from .backup import Backup
from .electric import Public, ThroughApp, stream_id
from .host import HetznerHost, Host, LocalHost
from .platform import Network, Nginx, Redis
from .postgres import Postgres
from .service import Service
from .sites import claimed_mistakes, covers, route_mistakes

# Memory in GB, from Hetzner's price list. A server type that is not listed is not checked.
SERVER_MEMORY_GB = dict(
    cx22=4, cx32=8, cx42=16, cx52=32, cx23=4, cx33=8, cx43=16, cx53=32,
    cpx11=2, cpx21=4, cpx31=8, cpx41=16, cpx51=32, cax11=4, cax21=8, cax31=16, cax41=32,
    ccx13=8, ccx23=16, ccx33=32, ccx43=64, ccx53=128, ccx63=192,
)  # fmt: skip
# For PostgreSQL's superusers, operators and backups.
RESERVED_CONNECTIONS = 20
CERTBOT_MEMORY_MB = 128
# nginx accepts at most 4096 bytes in one word. The word contains the shape and Electric's secret.
MAX_SHAPE_LENGTH = 3500
# For the operating system, Docker and the page cache.
HOST_MEMORY_MB = 512
TOKEN_LENGTH = 64
# Electric uses 210 MB before its first shape.
ELECTRIC_MEMORY_MB = 384
# On a server at Hetzner, Docker takes the subnets of other networks from this range.
DOCKER_ADDRESS_POOL = "172.31.0.0/16"

PLATFORM_VARIABLES = {
    "PORT": "change port",
    "POOL_SIZE": "change ../database/pool_size",
    "DATABASE_URL": "change ../database",
    "SECRET_KEY_BASE": "set the config secret <service>_SECRET_KEY_BASE",
    "REDIS_URL": "declare ../redis",
    "REDIS_PREFIX": "declare ../redis",
    "ELECTRIC_SECRET": "set the config secret <service>_ELECTRIC_SECRET",
    "ELECTRIC_INSECURE": "choose access",
    "ELECTRIC_REPLICATION_STREAM_ID": "change stream_id",
    "ELECTRIC_DB_POOL_SIZE": "change pool_size",
    "ELECTRIC_STORAGE_DIR": "remove it",
    "ELECTRIC_PORT": "remove it",
}
# Variables that would change the Docker client that runs a migration.
DOCKER_CLIENT_NAMES = ("PATH", "HOME")
DOCKER_CLIENT_PREFIXES = ("DOCKER_", "LD_")


def service_mistakes(name: str, service: Service, services: Collection[str], secrets: Collection[str]) -> Iterator[str]:
    """Yields the mistakes within one service. `services` and `secrets` are the names of all services and secrets."""
    at = f"services/{name}"
    app = service.app
    yield from route_mistakes(at, service)
    for index, called in enumerate(app.calls):
        if called not in services:
            yield f"{at}/app/calls/{index}: there is no service {called}; name one of the services"
        elif called == name:
            yield f"{at}/app/calls/{index}: is the service itself; remove it"
    for index, secret in enumerate(app.secrets):
        if f"{name}_{secret}" not in secrets:
            yield (
                f"{at}/app/secrets/{index}: the config secret {name}_{secret} is missing; "
                f"set it with `pulumi config set --secret {name}_{secret}`"
            )
        if secret in app.env:
            yield f"{at}/app/secrets/{index}: {secret} is in env too; keep it in one of the two"
    if app.migrate and not service.database:
        yield f"{at}/app/migrate: there is no database to migrate; declare {at}/database"
    if service.restore and not service.database:
        yield f"{at}/restore: there is no database to put the dump into; declare {at}/database"
    if service.maintenance and not service.domain:
        yield f"{at}/maintenance: there is no site to close; set {at}/domain, or remove it"
    if service.frontend and not service.domain:
        yield f"{at}/frontend: nobody can reach it without a domain; set {at}/domain"
    for part, settings in service.parts().items():
        yield from _environment_mistakes(f"{at}/{part}/env", settings.env)
    yield from _environment_mistakes(f"{at}/app/secrets", app.secrets)
    if service.electric:
        yield from _electric_mistakes(at, name, service)


def _environment_mistakes(at: str, names: Collection[str]) -> Iterator[str]:
    for name in names:
        if name in ("ELECTRIC_SLOT_NAME", "ELECTRIC_PUBLICATION_NAME"):
            yield f"{at}/{name}: does nothing in Electric; set stream_id instead"
        elif name in PLATFORM_VARIABLES:
            yield f"{at}/{name}: is given by the platform; {PLATFORM_VARIABLES[name]} instead"
        elif name in DOCKER_CLIENT_NAMES or name.startswith(DOCKER_CLIENT_PREFIXES):
            yield f"{at}/{name}: belongs to the Docker client that starts migrations; choose another name"


def _electric_mistakes(at: str, name: str, service: Service) -> Iterator[str]:
    assert service.electric
    if not service.database:
        yield f"{at}/electric: there is no database to sync from; declare {at}/database"
    access = service.electric.access
    if isinstance(access, Public) and not service.domain:
        yield f"{at}/electric/access: public shapes need a site; set {at}/domain"
    for shape, settings in access.shapes.items() if isinstance(access, Public) else ():
        if len(settings.query) > MAX_SHAPE_LENGTH:
            yield f"{at}/electric/access/shapes/{shape}: is too long for a URL; name fewer columns or shorten where"
    if isinstance(access, ThroughApp):
        if access.path != "/":
            yield from claimed_mistakes(f"{at}/electric/access/path", access.path)
        if not any(covers(route, access.path) for route in service.routes):
            yield f"{at}/electric/access/path: no route leads it to the app; add it to {at}/app/routes"


def electric_warnings(services: Mapping[str, Service]) -> Iterator[str]:
    """Yields settings that work at first and fail as the number of shapes grows."""
    for name, service in services.items():
        if service.electric and service.electric.memory_mb < ELECTRIC_MEMORY_MB:
            yield (
                f"services/{name}/electric/memory_mb: {service.electric.memory_mb} is little for Electric, which uses "
                f"210 MB before its first shape: give it {ELECTRIC_MEMORY_MB} or more"
            )


# The roles of a database: one with its name, the owner, Electric's, and the logins of migrations.
ROLE_SUFFIXES = ("", "_owner", "_electric", "_migrate")


def unique_mistakes(services: Mapping[str, Service]) -> Iterator[str]:
    """Yields databases, stream ids and stable names that two services on one platform would share."""
    owners: dict[tuple[str, str], str] = {}

    def claim(kind: str, value: str, path: str) -> Iterator[str]:
        owner = owners.setdefault((kind, value), path)
        if owner != path:
            yield f"{path}: the {kind} {value} is taken by {owner}; choose another"

    for name in services:
        owners[("name", name)] = f"services/{name}"
    for name, service in services.items():
        if service.electric:
            yield from claim("name", f"{name}-electric", f"services/{name}/electric")
    for name, service in services.items():
        at = f"services/{name}"
        if service.database and service.database.name:
            database, path = service.database.name, f"{at}/database/name"
            mistakes = (claim("database", f"{database}{suffix}", path) for suffix in ROLE_SUFFIXES)
            yield from islice(chain.from_iterable(mistakes), 1)
        if service.electric:
            yield from claim("stream id", stream_id(name, service.electric), f"{at}/electric/stream_id")
        for index, stable in enumerate(service.names):
            yield from claim("name", stable, f"{at}/names/{index}")


def redis_mistakes(services: Mapping[str, Service], is_declared: bool) -> Iterator[str]:
    """Yields services that use a Redis that is not declared."""
    for name, service in services.items():
        if service.redis and not is_declared:
            yield f"services/{name}/redis: there is no Redis; declare sertantai:redis"


def capacity_mistakes(
    services: Mapping[str, Service],
    host: Host | None,
    postgres: Postgres | None,
    redis: Redis | None,
    nginx: Nginx | None,
    backup: Backup | None,
    alerts: Alerts | None,
) -> Iterator[str]:
    """Yields shortages of connections, replication slots and memory.

    Each service is counted twice: during a release its old and new containers run side by side.
    """
    if postgres:
        yield from _connection_mistakes(services, postgres)
        electrics = sum(1 for service in services.values() if service.electric)
        if 2 * electrics + 4 > postgres.max_replication_slots:
            yield (
                f"postgres/max_replication_slots: {electrics} Electrics need {2 * electrics + 4}; "
                f"raise it from {postgres.max_replication_slots}"
            )
    size = _host_memory_mb(host)
    if size and postgres and nginx:
        servers = [postgres.memory_mb, nginx.memory_mb, CERTBOT_MEMORY_MB, redis.memory_mb if redis else 0]
        servers.append(2 * backup.memory_mb if backup else 0)
        servers.append(WATCH_MEMORY_MB if alerts else 0)
        shared = HOST_MEMORY_MB + sum(servers)
        parts = sum(part.memory_mb for service in services.values() for part in service.running().values())
        if shared + 2 * parts > size:
            yield (
                f"host: {size} MB of memory; the platform needs {shared} MB and its services, "
                f"old and new side by side, {2 * parts} MB; lower memory_mb or take a larger server"
            )


def _connection_mistakes(services: Mapping[str, Service], postgres: Postgres) -> Iterator[str]:
    pools = sum(sum(service.connections.values()) for service in services.values())
    needed = RESERVED_CONNECTIONS + postgres.reserved_connections + pools
    if needed > postgres.max_connections:
        others = " and reserved_connections" if postgres.reserved_connections else ""
        yield (
            f"postgres/max_connections: the pools of all services, old and new side by side,{others} need {needed} "
            f"connections; raise it from {postgres.max_connections} or lower pool_size"
        )


def _host_memory_mb(host: Host | None) -> int | None:
    if isinstance(host, LocalHost):
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    if isinstance(host, HetznerHost) and host.server_type in SERVER_MEMORY_GB:
        return SERVER_MEMORY_GB[host.server_type] * 1024
    return None


def token_mistakes(host: object, token: str | None) -> Iterator[str]:
    """Yields what is wrong with the token of Hetzner's API: the provider reports it later and says less."""
    if isinstance(host, dict) and host.get("kind") == "hetzner":
        if not token:
            yield "hcloud:token: is missing; set it with `pulumi config set --secret hcloud:token`, or as HCLOUD_TOKEN"
        elif len(token) != TOKEN_LENGTH:
            yield (
                f"hcloud:token: has {len(token)} characters and a token has {TOKEN_LENGTH}; set it again, whole, "
                "with `pulumi config set --secret hcloud:token`, or as HCLOUD_TOKEN"
            )


def network_mistakes(host: Host | None, blocks: Mapping[str, Network | Backup | None]) -> Iterator[str]:
    """Yields subnets that overlap the range that a server at Hetzner leaves to Docker."""
    for name, block in blocks.items() if isinstance(host, HetznerHost) else ():
        if block and ip_network(block.subnet).overlaps(ip_network(DOCKER_ADDRESS_POOL)):
            yield f"{name}/subnet: {DOCKER_ADDRESS_POOL} is for Docker's other networks on the server; choose another"


def adoption_mistakes(host: Host | None) -> Iterator[str]:
    """Yields a missing host key of an adopted server: the first connection would trust any machine."""
    if isinstance(host, HetznerHost) and host.adopt and not host.host_key:
        yield "host/host_key: is missing; name the adopted server's own (`ssh-keyscan -t ed25519`, checked there)"


def port_mistakes(nginx: Nginx | None, host: Host | None) -> Iterator[str]:
    """Yields equal ports of the gateway, and ports that the server's firewall does not open."""
    if nginx and nginx.http_port == nginx.https_port:
        yield f"nginx/https_port: is http_port too ({nginx.http_port}); choose another"
    if nginx and isinstance(host, HetznerHost):
        for name, port, open_port in (("http", nginx.http_port, 80), ("https", nginx.https_port, 443)):
            if port != open_port:
                yield f"nginx/{name}_port: the server's firewall opens {open_port} alone; leave it at {open_port}"
