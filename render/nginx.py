"""The gateway's configuration files."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from settings import ACME_PATH, ELECTRIC_PATH, ForeignSite, Nginx, Public, Route, Service, Site, shapes_path

from .environment import ELECTRIC_PORT
from .template import fill

VOLUME = "/srv/nginx"
# While a file here has a service's name, the service's site shows a notice.
MAINTENANCE = f"{VOLUME}/maintenance"
# While a file here has the name of an Electric container, requests for it wait.
HELD_SERVERS = "/run/held"
# The names and hashed passwords that a site with `auth` accepts: a file for each site.
USERS = f"{VOLUME}/users"
# While a file here has the name of a container, nginx may not know its address yet.
UNRESOLVED_SERVERS = "/run/unresolved"
WEBROOT = "/srv/webroot"
# Clients come back after so many seconds: a restore is short, and an operator's maintenance is not.
RESTORE_RETRY_S, MAINTENANCE_RETRY_S = 10, 120
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
# The headers of every site, with their values as nginx's words.
HEADERS = {
    "Strict-Transport-Security": '"max-age=63072000"',
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "strict-origin-when-cross-origin",
}
# What the gateway does for a location without settings of its own.
DEFAULT_ROUTE = Route()
# Idle connections to a foreign container are closed before it closes them (Node.js does after 5 s): a POST on one that
# just closed would fail.
FOREIGN_IDLE_S = 2
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

    With `secret_in_url`, its requests are not logged. An idle connection is closed after `idle_s` seconds. Without
    servers the part is stopped on purpose, and answers 503.
    """

    name: str
    port: int
    servers: Sequence[str]
    names: Sequence[str] = ()
    secret_in_url: bool = False
    idle_s: int | None = None

    @property
    def variable(self) -> str:
        """The variable that has the upstream's name."""
        return self.name.replace("-", "_")


@dataclass(frozen=True, kw_only=True)
class Location:
    """A location of a site. `match` has nginx's syntax; `streams` is for long polls. `stopped`: it answers 503."""

    match: str
    upstream: Upstream
    route: Route = DEFAULT_ROUTE
    streams: bool = False
    stopped: bool = False


def base(drains_s: Sequence[int], settings: Nginx, subnet: str) -> str:
    """Returns nginx.conf. `drains_s` are the drains of all services; `subnet` is that of the platform's network."""
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
        subnet=subnet,
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
        **_public(name, service, https_port),
        internal_body_mb=max([service.body_mb, *(route.body_mb or 0 for route in service.routes.values())]),
        upstreams=list(upstreams.values()),
        locations=_locations(service, upstreams),
        electric=service.electric is not None,
        electric_stopped="electric" in service.stopped,
        electric_hold_flag=f"{HELD_SERVERS}/{containers['electric'][0]}" if "electric" in containers else "",
        electric_path=ELECTRIC_PATH,
        shapes={shape: public.shapes[shape].query for shape in public.shapes} if public else {},
        electric_secret=quote(electric_secret or "", safe=""),
        closed_for_now=service.maintenance,
        retry_after_s=MAINTENANCE_RETRY_S if service.maintenance else RESTORE_RETRY_S,
    )


def foreign_site(name: str, site: ForeignSite, https_port: int) -> str:
    """Returns the gateway's file of a site for a container that the platform did not make."""
    upstream = Upstream(name=f"{name}-site", port=site.port, servers=[site.container], idle_s=FOREIGN_IDLE_S)
    route = Route(buffering=site.buffering, timeout_s=site.timeout_s)
    return fill(
        "site.conf.j2",
        **_public(name, site, https_port, f"{USERS}/{name}" if site.auth else ""),
        upstreams=[upstream],
        locations=[Location(match="/", upstream=upstream, route=route)],
        electric=False,
        closed_for_now=False,
        retry_after_s=RESTORE_RETRY_S,
    )


def _public(name: str, site: Site, https_port: int, users: str = "") -> dict[str, Any]:
    """Returns what the template needs for the names of a site. `users` is the file of those who may use it."""
    lower = {header.lower() for header in site.headers}
    headers = {header: value for header, value in HEADERS.items() if header.lower() not in lower}
    return {
        "name": name,
        "domain": site.domain,
        "served": site.served,
        "redirects": site.redirects,
        "port_suffix": _port_suffix(https_port),
        "body_mb": site.body_mb,
        "headers": headers | {header: _quoted(value) for header, value in site.headers.items() if value},
        "replaced_headers": list(site.headers),
        "closed": "|".join(re.escape(path.rstrip("/")) for path in site.closed),
        "acme_path": ACME_PATH,
        "maintenance": f"{MAINTENANCE}/{name}",
        "unresolved": UNRESOLVED_SERVERS,
        "users": users,
    }


def _quoted(value: str) -> str:
    """Returns a value as one word of nginx's configuration. The settings accept no $, which nothing would escape."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _upstreams(name: str, service: Service, containers: Mapping[str, Sequence[str]]) -> dict[str, Upstream]:
    """Returns the upstream of each part."""
    app = Upstream(
        name=f"{name}-app", port=service.app.port, servers=containers.get("app", ()), names=(name, *service.names)
    )
    upstreams = {"app": app}
    if service.frontend:
        port, servers = service.frontend.port, containers.get("frontend", ())
        upstreams["frontend"] = Upstream(name=f"{name}-frontend", port=port, servers=servers)
    if service.electric:
        alias, servers = electric_name(name), containers.get("electric", ())
        electric = Upstream(name=alias, port=ELECTRIC_PORT, servers=servers, names=(alias,), secret_in_url=True)
        upstreams["electric"] = electric
    return upstreams


def _locations(service: Service, upstreams: Mapping[str, Upstream]) -> list[Location]:
    app = upstreams["app"]
    shapes = shapes_path(service)
    stopped = "app" in service.stopped
    locations = [
        Location(match=_match(path), upstream=app, route=route, streams=path == shapes, stopped=stopped)
        for path, route in service.routes.items()
    ]
    if shapes and shapes not in service.routes:
        locations.append(Location(match=_match(shapes), upstream=app, streams=True, stopped=stopped))
    if service.frontend:
        is_stopped = "frontend" in service.stopped
        locations.append(Location(match="/", upstream=upstreams["frontend"], stopped=is_stopped))
    return locations


def _match(route: str) -> str:
    return route if route.endswith("/") else f"= {route}"
