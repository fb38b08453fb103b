"""The certificates of a site: one for each of its names."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from render import verb
from settings import Site

from ..machine.dns import records
from .platform import Platform

RECORD_TIMEOUT_S = 300


@dataclass(frozen=True, kw_only=True)
class CertificateArgs:
    """A name of a site, and the platform."""

    host: str
    platform: Platform


class Certificate(pulumi.ComponentResource):
    """First a placeholder, so that nginx accepts the site's text; then the authority's certificate (`ready`).

    The type is named as in earlier versions: with another one, each certificate would be requested again.
    """

    issued: Output[str]

    def __init__(self, name: str, args: CertificateArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:Certificate", name, {}, opts)
        platform, host = args.platform, args.platform.host
        self.host = args.host
        certbot = platform.certbot.container_name
        self.placeholder = host.command(
            f"{name}-placeholder",
            verb.line("placeholder", args.host, certbot=certbot),
            parent=self,
            depends_on=[platform.certbot.ready],
        )
        dns = records(f"{name}-dns", args.host, host.public_address, dns=platform.settings.dns, parent=self)
        # Runs again for a new authority. certbot renews by itself.
        self.ready = host.command(
            f"{name}-authority",
            Output.from_input(host.public_address).apply(
                lambda address: verb.line(
                    "certificate",
                    args.host,
                    certbot=certbot,
                    address=address or None,
                    wait=RECORD_TIMEOUT_S if dns else None,
                )
            ),
            stdin=verb.stdin({"authority": platform.settings.acme.directory_url}),
            parent=self,
            depends_on=[self.placeholder, platform.nginx.ready, *dns],
        )
        self.issued = self.ready.stdout
        self.register_outputs({"issued": self.issued})


def request_certificates(
    name: str, site: Site, platform: Platform, *, parent: pulumi.Resource
) -> Sequence[Certificate]:
    """Declares a certificate for each name of a site, that of the domain first."""
    return [
        Certificate(
            f"{name}-certificate" if host == site.domain else f"{name}-certificate-{host}",
            CertificateArgs(host=host, platform=platform),
            ResourceOptions(parent=parent),
        )
        for host in site.hosts
    ]


def needed_by_site(certificates: Sequence[Certificate]) -> list[pulumi.Resource]:
    """Returns what must exist before the site is served.

    Without the authority's certificate for its domain, a site is not served. For another name the placeholder is
    enough: the authority's refusal of one name stops neither the release nor the site's other names.
    """
    return [certificates[0].ready, *(other.placeholder for other in certificates[1:])] if certificates else []
