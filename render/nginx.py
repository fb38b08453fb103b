"""The gateway's files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from settings import ACME_PATH, ELECTRIC_PATH, Nginx, Public, Service, ThroughApp

from .environment import ELECTRIC_PORT
from .template import fill

VOLUME = "/srv/nginx"
# A service whose name is a file here shows that it is back soon.
MAINTENANCE = f"{VOLUME}/maintenance"
# A container of Electric whose name is a file here is not asked yet: requests wait.
HELD = "/run/held"
WEBROOT = "/srv/webroot"
SYSCTLS = {
    "net.ipv4.tcp_keepalive_time": "2",
    "net.ipv4.tcp_keepalive_intvl": "1",
    "net.ipv4.tcp_keepalive_probes": "2",
}
"""nginx notices in seconds that a container is gone: the last packets of a killed one can be lost with its network."""
WATCH_S = 10
"""How often nginx and certbot look whether the other one's certificates have changed."""
SERVE = ["bash", f"{VOLUME}/scripts/serve.sh", VOLUME, str(WATCH_S), "nginx", "-c", f"{VOLUME}/nginx.conf"]
SERVE += ["-g", "daemon off;"]
"""The entrypoint of nginx's container: a script on the volume, so that another one needs no other container."""
# Beyond the longest drain, so that it is the drain that ends what is in flight.
SHUTDOWN_MARGIN_S = 15
# Of each of the two workers: a connection with half a request and large headers takes about 60 kB.
CONNECTIONS_PER_MB = 6
# At once, of one address: an answer that is compressed and read slowly takes up to 350 kB.
REQUESTS_PER_MB = 1
# Headers by which programs behind other gateways learn the host or path that was asked for.
UNHEARD = ("Forwarded", "X-Forwarded-Server", "X-Forwarded-Prefix", "X-Original-URL", "X-Rewrite-URL")
# Electric's client sends these, and other words as they are in its own constants.ts.
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
    """A part's containers behind the gateway; `names` are the stable ones by which other containers call it.

    Of one whose callers send a secret in the URL nothing is logged.
    """

    name: str
    port: int
    servers: Sequence[str]
    names: Sequence[str] = ()
    secret_in_url: bool = False


@dataclass(frozen=True, kw_only=True)
class Location:
    """Where requests of a site go: `match` is nginx's own, `streams` turns buffering off."""

    match: str
    upstream: str
    streams: bool = False


def base(drains_s: Sequence[int], settings: Nginx) -> str:
    """The gateway's own configuration; `drains_s` are the drains of all parts."""
    return fill(
        "nginx.conf.j2",
        acme_path=ACME_PATH,
        worker_shutdown_s=max([30, *drains_s]) + SHUTDOWN_MARGIN_S,
        connections=settings.memory_mb * CONNECTIONS_PER_MB,
        requests=settings.memory_mb * REQUESTS_PER_MB,
        https_port=settings.https_port,
        port_suffix=_port_suffix(settings.https_port),
        unheard=UNHEARD,
        electric_protocol=_protocol(),
    )


def _port_suffix(https_port: int) -> str:
    return "" if https_port == 443 else f":{https_port}"


def _protocol() -> str:
    """A query whose parameters are all known and none of them there twice; what is strange fails at once."""
    parameters = "|".join(f"{name}=(?:{values})" for name, values in PROTOCOL.items())
    return rf"^(?=(?:(?:{parameters})(?:&(?=.)|$)){{1,{len(PROTOCOL)}}}$)(?!(?:.*&)?([a-z_-]+)=(?:.*&)?\1=)"


def electric_name(service: str) -> str:
    """The name under which a service's Electric is called: it stays while containers come and go."""
    return f"{service}-electric"


def site(
    name: str, service: Service, containers: Mapping[str, Sequence[str]], electric_secret: str | None, https_port: int
) -> str:
    """The file of one service; `containers` are the names of those that serve, by part."""
    public = service.electric and isinstance(service.electric.access, Public) and service.electric.access
    return fill(
        "site.conf.j2",
        name=name,
        domain=service.domain,
        port_suffix=_port_suffix(https_port),
        body_mb=service.body_mb,
        upstreams=_upstreams(name, service, containers),
        locations=_locations(name, service),
        electric=service.electric is not None,
        electric_held=f"{HELD}/{containers['electric'][0]}" if service.electric else "",
        electric_path=ELECTRIC_PATH,
        shapes={shape: public.shapes[shape].query for shape in public.shapes} if public else {},
        electric_secret=quote(electric_secret or "", safe=""),
        acme_path=ACME_PATH,
        maintenance=f"{MAINTENANCE}/{name}",
    )


def _upstreams(name: str, service: Service, containers: Mapping[str, Sequence[str]]) -> list[Upstream]:
    app = Upstream(name=f"{name}-app", port=service.app.port, servers=containers["app"], names=(name, *service.names))
    upstreams = [app]
    if service.frontend:
        port = service.frontend.port
        upstreams.append(Upstream(name=f"{name}-frontend", port=port, servers=containers["frontend"]))
    if service.electric:
        alias = electric_name(name)
        servers = containers["electric"]
        upstreams.append(Upstream(name=alias, port=ELECTRIC_PORT, servers=servers, names=(alias,), secret_in_url=True))
    return upstreams


def _locations(name: str, service: Service) -> list[Location]:
    app = f"{name}-app"
    access = service.electric.access if service.electric else None
    streamed = access.path if isinstance(access, ThroughApp) else None
    locations = [Location(match=_match(route), upstream=app, streams=route == streamed) for route in service.routes]
    if streamed and streamed not in service.routes:
        locations.append(Location(match=_match(streamed), upstream=app, streams=True))
    if service.frontend:
        locations.append(Location(match="/", upstream=f"{name}-frontend"))
    return locations


def _match(route: str) -> str:
    return route if route.endswith("/") else f"= {route}"
