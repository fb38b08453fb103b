"""The certificate of a service's domain."""

import pulumi
from pulumi import Output, ResourceOptions

from render import verb

from ..machine.dns import records
from .args import ServiceArgs

RECORD_TIMEOUT_S = 300


class Certificate(pulumi.ComponentResource):
    """First a placeholder, so that nginx accepts the site's text; then the authority's certificate (`ready`)."""

    issued: Output[str]

    def __init__(self, name: str, args: ServiceArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:Certificate", name, {}, opts)
        platform, host, domain = args.platform, args.platform.host, args.settings.domain
        assert domain
        self.domain = domain
        certbot = platform.certbot.container_name
        self.placeholder = host.command(
            f"{name}-placeholder",
            verb.line("placeholder", domain, certbot=certbot),
            parent=self,
            depends_on=[platform.certbot.ready],
        )
        dns = records(f"{name}-dns", domain, host.public_address, dns=platform.settings.dns, parent=self)
        # Runs again for a new authority. certbot renews by itself.
        self.ready = host.command(
            f"{name}-authority",
            Output.from_input(host.public_address).apply(
                lambda address: verb.line(
                    "certificate",
                    domain,
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
