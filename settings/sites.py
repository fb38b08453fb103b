"""Checks of sites: their names, routes, headers and closed paths."""

from collections.abc import Collection, Iterator, Mapping

from .electric import Public, ThroughApp
from .service import Service
from .site import ForeignSite, Site

ACME_PATH = "/.well-known/acme-challenge/"
ELECTRIC_PATH = "/electric/"
# They differ from answer to answer, or describe the connection.
ANSWERS_OWN_HEADERS = (
    *("cache-control", "connection", "content-encoding", "content-length", "content-type", "date", "etag"),
    *("keep-alive", "last-modified", "location", "retry-after", "server", "set-cookie", "te", "trailer"),
    *("transfer-encoding", "upgrade", "vary", "www-authenticate"),
)


def site_mistakes(
    services: Mapping[str, Service],
    sites: Mapping[str, ForeignSite],
    service_names: Collection[str],
    secrets: Collection[str],
) -> Iterator[str]:
    """Yields the mistakes of all sites. `service_names` also has services with mistakes; `secrets` are all keys."""
    blocks: dict[str, Site] = {f"services/{name}": service for name, service in services.items()}
    blocks |= {f"sites/{name}": site for name, site in sites.items()}
    yield from _name_mistakes(blocks)
    for at, site in blocks.items():
        yield from _header_mistakes(at, site)
    for name, service in services.items():
        yield from _closed_mistakes(f"services/{name}", service, _paths_of(f"services/{name}", service))
    for name, site in sites.items():
        yield from _closed_mistakes(f"sites/{name}", site, {})
        if name in service_names:
            yield f"sites/{name}: the name {name} is taken by services/{name}; choose another"
        if site.auth and f"{name}_BASIC_AUTH" not in secrets:
            yield (
                f"sites/{name}/auth: the config secret {name}_BASIC_AUTH is missing; set it with "
                f"`pulumi config set --secret {name}_BASIC_AUTH`: lines of NAME:HASH, each hash by openssl passwd -apr1"
            )


def _name_mistakes(blocks: Mapping[str, Site]) -> Iterator[str]:
    """Yields names of sites that are taken, and settings without a name. Domains are taken before other names."""
    owners: dict[str, str] = {}
    for key in ("domain", "aliases", "redirects"):
        for at, site in blocks.items():
            for path, host in _hosts(at, site, key):
                owner = owners.setdefault(host, path)
                if owner == f"{at}/domain" != path:
                    yield f"{path}: is the site's own domain; remove it"
                elif owner != path:
                    yield f"{path}: the domain {host} is taken by {owner}; choose another"
    for at, site in blocks.items():
        for key in ("aliases", "redirects", "headers", "closed"):
            if getattr(site, key) and not site.domain:
                yield f"{at}/{key}: there is no site without a domain; set {at}/domain"


def _hosts(at: str, site: Site, key: str) -> Iterator[tuple[str, str]]:
    if key == "domain":
        if site.domain:
            yield f"{at}/domain", site.domain
    else:
        for index, host in enumerate(getattr(site, key)):
            yield f"{at}/{key}/{index}", host


def _header_mistakes(at: str, site: Site) -> Iterator[str]:
    first: dict[str, str] = {}
    for name in site.headers:
        path = f"{at}/headers/{name}"
        if name.lower() in ANSWERS_OWN_HEADERS:
            yield f"{path}: differs from answer to answer, so the app sets it; remove it"
        if first.setdefault(name.lower(), name) != name:
            yield f"{path}: is {first[name.lower()]} too; keep one of the two"


def _paths_of(at: str, service: Service) -> dict[str, str]:
    """Returns the paths that must not be closed, each by its setting."""
    paths = dict(_routes_of(at, service))
    if shapes := shapes_path(service):
        paths[f"{at}/electric/access/path"] = shapes
    return paths


def shapes_path(service: Service) -> str | None:
    """Returns the path at which the app serves Electric's shapes, if it does."""
    access = service.electric.access if service.electric else None
    return access.path if isinstance(access, ThroughApp) else None


def _closed_mistakes(at: str, site: Site, paths: Mapping[str, str]) -> Iterator[str]:
    for index, closed in enumerate(site.closed):
        here, folder = f"{at}/closed/{index}", f"{closed.rstrip('/')}/".lower()
        if closed == "/":
            yield f"{here}: closes the whole site; name the paths to close, or remove {at}/domain"
            continue
        if isinstance(site, Service):
            yield from claimed_mistakes(here, folder)
        for path, route in paths.items():
            if f"{route}/".lower().startswith(folder):
                yield f"{here}: closes {route}, which {path} opens; keep one of the two"


def route_mistakes(at: str, service: Service) -> Iterator[str]:
    """Yields the mistakes of a service's routes."""
    routes = dict(_routes_of(at, service))
    if routes and not service.domain:
        yield f"{at}/app/routes: lead nowhere without a domain; set {at}/domain"
    public = service.electric and isinstance(service.electric.access, Public)
    if service.domain and not (service.routes or service.frontend or public):
        yield f"{at}/domain: its site leads nowhere; name paths in {at}/app/routes or leave them out"
    if (shapes := shapes_path(service)) and shapes in service.routes and service.routes[shapes].buffering:
        yield f"{at}/app/routes/{shapes}/buffering: changes of Electric's rows must arrive at once there; remove it"
    earlier: list[str] = []
    for path, route in routes.items():
        if route == "/":
            if service.frontend:
                yield f"{path}: / belongs to the frontend; name the app's own paths"
            elif len(routes) > 1:
                yield f"{path}: / covers all other routes; keep it alone or remove it"
            continue
        yield from claimed_mistakes(path, route)
        for other in earlier:
            if covers(other, route) or covers(route, other):
                yield f"{path}: overlaps {other}; keep one of the two"
        earlier.append(route)


def _routes_of(at: str, service: Service) -> Iterator[tuple[str, str]]:
    """Yields the declared routes of the app, each with its setting."""
    routes = service.app.routes or []
    for index, route in enumerate(routes):
        yield f"{at}/app/routes/{route if isinstance(routes, dict) else index}", route


def claimed_mistakes(at: str, route: str) -> Iterator[str]:
    """Yields a path that the platform itself serves."""
    for claimed, owner in ((ELECTRIC_PATH, "Electric"), (ACME_PATH, "certificate renewal")):
        if covers(route, claimed) or covers(claimed, route) or route == claimed.rstrip("/"):
            yield f"{at}: {claimed} belongs to {owner}; choose another path"


def covers(route: str, path: str) -> bool:
    """Whether a route leads to the path: `/api/` and everything below it, or `/health` alone."""
    return path.startswith(route) if route.endswith("/") else path == route
