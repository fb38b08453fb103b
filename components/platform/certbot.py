"""certbot: asks for certificates when told to, and renews them by itself."""

from pathlib import Path

import pulumi
from pulumi import ResourceOptions

from render import nginx as paths
from settings import CERTBOT_MEMORY_MB, Acme

from ..container import Container, fixed
from ..host import Host
from ..image import image
from ..names import container_name
from ..volume import volume
from .nginx import Nginx
from .server import readiness

# Renewal leaves a mark each time; one that is a day old means that it no longer runs.
CHECK = ["sh", "-c", "test ! -e /tmp/renewed || find /tmp/renewed -mmin -1440 | grep -q ."]
START_TIMEOUT_S = 30
# The script is read again each time: another one needs no other container. What has begun comes to its end.
RENEW = f"""trap 'exit 0' TERM
while :; do
  sh {paths.VOLUME}/scripts/renew.sh {paths.VOLUME}
  sleep {paths.WATCH_S} & wait $!
done
"""


class Certbot(pulumi.ComponentResource):
    """One certbot for all services, by webroot. It is on the host's network, since it only calls out."""

    def __init__(self, name: str, acme: Acme, nginx: Nginx, host: Host, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Certbot", name, {}, opts)
        self.acme = acme
        self.container_name = container_name("certbot")
        certificates = volume(f"{name}-certificates", container_name("letsencrypt"), host, self, protect=True)
        environment = {"ACME_EMAIL": acme.email, "ACME_DIRECTORY": acme.directory_url, "WEBROOT": paths.WEBROOT}
        if acme.ca_bundle:
            environment |= {"CA_BUNDLE": _bundle(acme.ca_bundle), "REQUESTS_CA_BUNDLE": "/tmp/ca.pem"}  # noqa: S108
        container = fixed(
            f"{name}-server",
            Container(
                service="platform",
                part="certbot",
                image=image(f"{name}-image", acme.image, host, self),
                memory_mb=CERTBOT_MEMORY_MB,
                check=CHECK,
                entrypoint=["sh", "-c", RENEW],
                environment=environment,
                volumes={
                    "/etc/letsencrypt": (certificates.name, False),
                    paths.VOLUME: (nginx.files.name, False),
                    paths.WEBROOT: (nginx.webroot.name, False),
                },
                tmpfs=["/tmp", "/var/log/letsencrypt", "/var/lib/letsencrypt"],  # noqa: S108
                grace_s=10,
            ),
            None,
            host,
            self,
            [certificates, nginx.base, nginx.webroot],
        )
        self.ready = readiness(f"{name}-ready", container, self.container_name, CHECK, START_TIMEOUT_S, host, self)
        self.register_outputs({})


def _bundle(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        raise pulumi.RunError(f"acme/ca_bundle: {path} cannot be read ({error.strerror}); name a PEM file") from None
