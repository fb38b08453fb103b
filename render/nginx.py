"""The gateway's configuration files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from settings import ACME_PATH, ELECTRIC_PATH, Nginx, Public, Service, ThroughApp

from .environment import ELECTRIC_PORT
from .template import fill

VOLUME = "/srv/nginx"
# While a file here has a service's name, the service's site shows a notice.
MAINTENANCE = f"{VOLUME}/maintenance"
# While a file here has the name of an Electric container, requests for it wait.
HELD_SERVERS = "/run/held"
# While a file here has the name of a container, nginx may not know its address yet.
UNRESOLVED_SERVERS = "/run/unresolved"
WEBROOT = "/srv/webroot"
SYSCTLS = {
    "net.ipv4.tcp_keepalive_time": "2",
    "net.ipv4.tcp_keepalive_intvl": "1",
    "net.ipv4.tcp_keepalive_probes": "2",
}
"""nginx notices a lost container within seconds: a killed container's last packets may be lost with its network."""
WATCH_S = 10
"""How often nginx and certbot check for changed certificates."""
ENTRYPOINT = ["bash", f"{VOLUME}/scripts/serve.sh", VOLUME, str(WATCH_S), "nginx", "-c", f"{VOLUME}/nginx.conf"]
ENTRYPOINT += ["-g", "daemon off;"]
"""The entrypoint of nginx's container. The script is on the volume: a new version of it needs no new container."""
# nginx must not cut a request before the longest drain is over.
SHUTDOWN_MARGIN_S = 15
# For each of the two workers: a connection with half a request and large headers uses about 60 kB.
CONNECTIONS_PER_MB = 6
# Concurrent requests of one address: a compressed response that is read slowly uses up to 350 kB.
REQUESTS_PER_MB = 1
# Other gateways send the requested host or path in these headers, so an app might trust them.
DROPPED_HEADERS = ("Forwarded", "X-Forwarded-Server", "X-Forwarded-Prefix", "X-Original-URL", "X-Rewrite-URL")
# The query parameters of Electric's client, from its constants.ts, each with a pattern of its values.
PROTOCOL = {
    "offset": r"-1|now|\d{1,20}_(?:\d{1,20}|inf)",
    "handle": r"[\w-]{1,200}",
    "expired_handle": r"[\w-]{1,200}",
    "live": "true|false",
    "live_sse": "true|false",
    "experimental_live_sse": "true|false",
    "cursor": r"\d{0,20}",
    "replica": "default|full",
    "log": "full|changes_only",
    "cache-buster": r"[\w-]{1,64}",
}


@dataclass(frozen=True, kw_only=True)
class Upstream:
    """The servers of a part. Other containers call the part by its stable `names`.

    With `secret_in_url`, its requests are not logged.
    """

    name: str
    port: int
    servers: Sequence[str]
    names: Sequence[str] = ()
    secret_in_url: bool = False

    @property
    def variable(self) -> str:
        """The variable that has the upstream's name."""
        return self.name.replace("-", "_")


@dataclass(frozen=True, kw_only=True)
class Location:
    """A location of a site. `match` has nginx's syntax; `streams` turns buffering off."""

    match: str
    upstream: Upstream
    streams: bool = False


def base(drains_s: Sequence[int], settings: Nginx) -> str:
    """Returns nginx.conf. `drains_s` are the drains of all services."""
    return fill(
        "nginx.conf.j2",
        acme_path=ACME_PATH,
        worker_shutdown_s=max([30, *drains_s]) + SHUTDOWN_MARGIN_S,
        connections=settings.memory_mb * CONNECTIONS_PER_MB,
        requests=settings.memory_mb * REQUESTS_PER_MB,
        https_port=settings.https_port,
        port_suffix=_port_suffix(settings.https_port),
        dropped_headers=DROPPED_HEADERS,
        electric_protocol=_protocol(),
    )


def _port_suffix(https_port: int) -> str:
    return "" if https_port == 443 else f":{https_port}"


def _protocol() -> str:
    """Returns a pattern for a query with known parameters only, each at most once. It never backtracks for long."""
    parameters = "|".join(f"{name}=(?:{values})" for name, values in PROTOCOL.items())
    return rf"^(?=(?:(?:{parameters})(?:&(?=.)|$)){{1,{len(PROTOCOL)}}}$)(?!(?:.*&)?([a-z_-]+)=(?:.*&)?\1=)"


def electric_name(service: str) -> str:
    """Returns the stable name of a service's Electric, which does not change with its containers."""
    return f"{service}-electric"


def site(
    name: str, service: Service, containers: Mapping[str, Sequence[str]], electric_secret: str | None, https_port: int
) -> str:
    """Returns the gateway's file of one service. `containers` are the names of the serving containers, by part."""
    public = service.electric and isinstance(service.electric.access, Public) and service.electric.access
    upstreams = _upstreams(name, service, containers)
    return fill(
        "site.conf.j2",
        name=name,
        domain=service.domain,
        port_suffix=_port_suffix(https_port),
        body_mb=service.body_mb,
        upstreams=list(upstreams.values()),
        locations=_locations(service, upstreams),
        electric=service.electric is not None,
        electric_hold_flag=f"{HELD_SERVERS}/{containers['electric'][0]}" if service.electric else "",
        electric_path=ELECTRIC_PATH,
        shapes={shape: public.shapes[shape].query for shape in public.shapes} if public else {},
        electric_secret=quote(electric_secret or "", safe=""),
        acme_path=ACME_PATH,
        maintenance=f"{MAINTENANCE}/{name}",
        unresolved=UNRESOLVED_SERVERS,
    )


def _upstreams(name: str, service: Service, containers: Mapping[str, Sequence[str]]) -> dict[str, Upstream]:
    """Returns the upstream of each part."""
    app = Upstream(name=f"{name}-app", port=service.app.port, servers=containers["app"], names=(name, *service.names))
    upstreams = {"app": app}
    if service.frontend:
        port, servers = service.frontend.port, containers["frontend"]
        upstreams["frontend"] = Upstream(name=f"{name}-frontend", port=port, servers=servers)
    if service.electric:
        alias, servers = electric_name(name), containers["electric"]
        electric = Upstream(name=alias, port=ELECTRIC_PORT, servers=servers, names=(alias,), secret_in_url=True)
        upstreams["electric"] = electric
    return upstreams


def _locations(service: Service, upstreams: Mapping[str, Upstream]) -> list[Location]:
    app = upstreams["app"]
    access = service.electric.access if service.electric else None
    shapes = access.path if isinstance(access, ThroughApp) else None
    locations = [Location(match=_match(route), upstream=app, streams=route == shapes) for route in service.routes]
    if shapes and shapes not in service.routes:
        locations.append(Location(match=_match(shapes), upstream=app, streams=True))
    if service.frontend:
        locations.append(Location(match="/", upstream=upstreams["frontend"]))
    return locations


def _match(route: str) -> str:
    return route if route.endswith("/") else f"= {route}"
