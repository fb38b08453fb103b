"""The certificate of one domain."""

import pulumi
from pulumi import Output, ResourceOptions

from render import verb
from settings import Dns

from ..host import Host
from ..machine.dns import records
from ..platform.certbot import Certbot
from ..platform.nginx import Nginx

RECORD_TIMEOUT_S = 300


class Certificate(pulumi.ComponentResource):
    """A placeholder first, by which nginx takes the text of the site; then the one of the authority: `ready`."""

    issued: Output[str]

    def __init__(
        self,
        name: str,
        domain: str,
        certbot: Certbot,
        nginx: Nginx,
        host: Host,
        dns: Dns | None,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("sertantai:service:Certificate", name, {}, opts)
        self.placeholder = host.verb(
            f"{name}-placeholder",
            verb.line("placeholder", domain, certbot=certbot.container_name),
            parent=self,
            depends_on=[certbot.ready],
        )
        known = records(f"{name}-dns", domain, dns, host.public, self)
        # Runs again for another authority; renewal is certbot's own.
        self.ready = host.verb(
            f"{name}-authority",
            Output.from_input(host.public).apply(
                lambda address: verb.line(
                    "certificate",
                    domain,
                    certbot=certbot.container_name,
                    address=address or None,
                    wait=RECORD_TIMEOUT_S if known else None,
                )
            ),
            told=verb.told({"authority": certbot.acme.directory_url}),
            parent=self,
            depends_on=[self.placeholder, nginx.ready, *known],
        )
        self.issued = self.ready.stdout
        self.register_outputs({"issued": self.issued})
