"""A public site: that of a service, or one for a container next to the platform."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from .names import BodyMegabytes, HeaderName, HeaderValue, Hostname, ObjectName, Port, Seconds, UrlPath
from .platform import Model, is_unset

ROUTE_FORMS = ("[list]", "[mapping]")
"""How routes may be written: pydantic adds it to the location of a mistake."""


class Route(Model):
    """What the gateway does for one route."""

    buffering: bool = False
    """Takes up to 64 kB of a response from the app before the client reads it. Events would wait there."""
    timeout_s: Seconds | None = None
    """Seconds without a byte after which a request ends. Default: 75."""
    body_mb: BodyMegabytes | None = None
    """MB. The largest request body. Default: that of the site."""


def _refuse_mixed(routes: Any) -> Any:
    if isinstance(routes, list) and any(isinstance(route, dict) for route in routes):
        raise ValueError("mixes a list and a mapping; write all as a mapping: {/api/: {timeout_s: 300}, /health: {}}")
    return routes


Routes = Annotated[
    Annotated[list[UrlPath], BeforeValidator(_refuse_mixed), Tag(ROUTE_FORMS[0])]
    | Annotated[dict[UrlPath, Route], Tag(ROUTE_FORMS[1])],
    Discriminator(lambda routes: ROUTE_FORMS[isinstance(routes, dict)]),
]


class Site(Model):
    """The names of a site, and what the gateway does for all of its requests."""

    domain: Hostname | None = None
    """The site's name. It has a certificate, and a record if its zone is declared."""
    aliases: list[Hostname] = Field(default=[], exclude_if=is_unset)
    """Other names that are served like the domain."""
    redirects: list[Hostname] = Field(default=[], exclude_if=is_unset)
    """Names whose requests are redirected to the same path at the domain."""
    headers: dict[HeaderName, HeaderValue] = Field(default={}, exclude_if=is_unset)
    """Added to each answer of the site, in place of a header of that name. An empty value only removes that."""
    closed: list[UrlPath] = Field(default=[], exclude_if=is_unset)
    """Paths that do not exist for clients of the site, with everything below them. Other containers reach them."""
    body_mb: BodyMegabytes = 1
    """MB. The largest request body that the site accepts."""

    @property
    def served(self) -> list[str]:
        """The names under which the site is served."""
        return [self.domain, *self.aliases] if self.domain else []

    @property
    def hosts(self) -> list[str]:
        """All names of the site. Each has its own certificate."""
        return [*self.served, *self.redirects]


class ForeignSite(Site):
    """A site for a container that the platform did not make. The container is only inspected, never changed."""

    domain: Hostname
    container: ObjectName
    """The container's name. It need not exist: until it runs, the site answers 502."""
    port: Port = 80
    """The port on which the container listens, in its own network. It need not be published."""
    timeout_s: Seconds | None = None
    """Seconds without a byte after which a request ends. Default: 75."""
    buffering: bool = False
    """Takes up to 64 kB of a response from the container before the client reads it. Events would wait there."""
    auth: Literal["basic"] | None = None
    """`basic`: a browser asks for a name and a password, those in the config secret `<site>_BASIC_AUTH`."""
