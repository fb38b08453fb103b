"""A site for a container that the platform did not make."""

from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from render import nginx as render
from render import verb
from settings import ForeignSite as ForeignSiteSettings

from ..secret import config_secret
from .certificate import needed_by_site, request_certificates
from .platform import Platform
from .site_file import switch_file

# States that the verb `fingerprints` prints in place of a fingerprint.
WARNINGS = {
    "no-container": "there is no container {container} on the host; its site answers 502 until it runs, and an `up` "
    "after that connects it",
    "no-network": "{container} has no network that nginx can join; its site answers 502. Let it join {network}, or one "
    "of its own: `docker network create sites && docker network connect sites {container}`",
}


@dataclass(frozen=True, kw_only=True)
class ForeignSiteArgs:
    """A site's block of the stack file, and the platform."""

    settings: ForeignSiteSettings
    platform: Platform


class ForeignSite(pulumi.ComponentResource):
    """Connects nginx to a network of the container, requests the certificates, and writes the site's file.

    The container is only inspected. nginx starts and reloads without it.
    """

    def __init__(self, name: str, args: ForeignSiteArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:ForeignSite", name, {}, opts)
        settings, platform = args.settings, args.platform
        host, nginx, network = platform.host, platform.nginx, platform.network
        self.certificates = request_certificates(name, settings, platform, parent=self)
        fingerprint = host.fingerprint(f"connection/{settings.container}")
        fingerprint.apply(lambda state: warn(name, settings.container, network.name, state))
        # Runs again for a new nginx, and if the connection is lost. For another container, `disconnect` runs after the
        # site has switched.
        connected = host.command(
            f"{name}-connect",
            verb.line("connect", name, settings.container, gateway=nginx.container_name, network=network.name),
            stdin=fingerprint.apply(lambda value: verb.stdin({"fingerprint": value})),
            delete=verb.line("disconnect", name, gateway=nginx.container_name, network=network.name),
            reruns_on={"NGINX": nginx.container.id},
            triggers=[settings.container],
            parent=self,
            depends_on=[nginx.ready],
        )
        self.switched = switch_file(
            f"{name}-site-switch",
            name,
            render.foreign_site(name, settings, platform.settings.nginx.https_port),
            settings=settings,
            nginx=nginx,
            host=host,
            users=_users(name) if settings.auth else "",
            parent=self,
            after=[connected, *needed_by_site(self.certificates)],
        )
        self.register_outputs({})


def _users(name: str) -> Output[str]:
    users = config_secret(f"{name}_BASIC_AUTH")
    assert users is not None, "the settings require it"
    return users


def warn(name: str, container: str, network: str, state: str) -> None:
    """Warns of a connection that is not possible. `state` is its fingerprint."""
    if state in WARNINGS:
        pulumi.log.warn(f"sites/{name}/container: {WARNINGS[state].format(container=container, network=network)}")
