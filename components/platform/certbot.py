"""certbot: requests certificates when a step calls it, and renews them by itself."""

from dataclasses import dataclass

import pulumi
from pulumi import ResourceOptions

from render import nginx as render
from settings import CERTBOT_MEMORY_MB, Acme

from ..container import Container
from ..host import Host
from ..image import pull_image
from ..names import container_name
from ..pem import read_pem
from ..volume import volume
from .nginx import Nginx
from .platform_container import run_platform_container

# Each renewal touches a file. A file older than a day means that renewal does not work.
CHECK = ["sh", "-c", "test ! -e /tmp/renewed || find /tmp/renewed -mmin -1440 | grep -q ."]
START_TIMEOUT_S = 30
# The script is read again each time, so a new version needs no new container. A renewal that has begun is finished.
RENEW = f"""trap 'exit 0' TERM
while :; do
  sh {render.VOLUME}/scripts/renew.sh {render.VOLUME}
  sleep {render.WATCH_S} & wait $!
done
"""


@dataclass(frozen=True, kw_only=True)
class CertbotArgs:
    """certbot's settings, and the gateway that serves its challenges."""

    acme: Acme
    nginx: Nginx
    host: Host


class Certbot(pulumi.ComponentResource):
    """One certbot for all services, by webroot. It uses the host's network, since it only opens connections."""

    def __init__(self, name: str, args: CertbotArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Certbot", name, {}, opts)
        nginx, host = args.nginx, args.host
        self.container_name = container_name("certbot")
        certificates = volume(f"{name}-certificates", container_name("letsencrypt"), host, parent=self, protect=True)
        self.certificates = certificates
        server = run_platform_container(
            name,
            Container(
                service="platform",
                part="certbot",
                image=pull_image(f"{name}-image", args.acme.image, host, parent=self),
                memory_mb=CERTBOT_MEMORY_MB,
                check=CHECK,
                entrypoint=["sh", "-c", RENEW],
                environment=_environment(args.acme),
                volumes={
                    "/etc/letsencrypt": (certificates.name, False),
                    render.VOLUME: (nginx.files.name, False),
                    render.WEBROOT: (nginx.webroot.name, False),
                },
                tmpfs=["/tmp", "/var/log/letsencrypt", "/var/lib/letsencrypt"],  # noqa: S108
                grace_s=10,
            ),
            host,
            networks=[],
            start_timeout_s=START_TIMEOUT_S,
            parent=self,
            depends_on=[certificates, nginx.base, nginx.webroot],
        )
        self.ready = server.ready
        self.register_outputs({})


def _environment(acme: Acme) -> dict[str, str]:
    environment = {"ACME_EMAIL": acme.email, "ACME_DIRECTORY": acme.directory_url, "WEBROOT": render.WEBROOT}
    if not acme.ca_bundle:
        return environment
    return environment | {"CA_BUNDLE": read_pem(acme.ca_bundle, "acme/ca_bundle"), "REQUESTS_CA_BUNDLE": "/tmp/ca.pem"}  # noqa: S108
