"""certbot: requests certificates when a step asks it to, and renews them by itself."""

from dataclasses import dataclass
from pathlib import Path

import pulumi
from pulumi import ResourceOptions

from render import nginx as paths
from settings import CERTBOT_MEMORY_MB, Acme

from ..container import Container
from ..host import Host
from ..image import pull_image
from ..names import container_name
from ..volume import volume
from .fixed import run_fixed
from .nginx import Nginx

# Renewal leaves a mark each time; a mark that is a day old means that it no longer runs.
CHECK = ["sh", "-c", "test ! -e /tmp/renewed || find /tmp/renewed -mmin -1440 | grep -q ."]
START_TIMEOUT_S = 30
# The script is read again each time: a new version needs no new container. A renewal that has begun is finished.
RENEW = f"""trap 'exit 0' TERM
while :; do
  sh {paths.VOLUME}/scripts/renew.sh {paths.VOLUME}
  sleep {paths.WATCH_S} & wait $!
done
"""


@dataclass(frozen=True, kw_only=True)
class CertbotArgs:
    """What certbot is made of."""

    acme: Acme
    nginx: Nginx
    host: Host


class Certbot(pulumi.ComponentResource):
    """One certbot for all services, by webroot. It is on the host's network, since it only calls out."""

    def __init__(self, name: str, args: CertbotArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Certbot", name, {}, opts)
        nginx, host = args.nginx, args.host
        self.container_name = container_name("certbot")
        certificates = volume(f"{name}-certificates", container_name("letsencrypt"), host, parent=self, protect=True)
        fixed = run_fixed(
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
                    paths.VOLUME: (nginx.files.name, False),
                    paths.WEBROOT: (nginx.webroot.name, False),
                },
                tmpfs=["/tmp", "/var/log/letsencrypt", "/var/lib/letsencrypt"],  # noqa: S108
                grace_s=10,
            ),
            host,
            network=None,
            start_timeout_s=START_TIMEOUT_S,
            parent=self,
            depends_on=[certificates, nginx.base, nginx.webroot],
        )
        self.ready = fixed.ready
        self.register_outputs({})


def _environment(acme: Acme) -> dict[str, str]:
    environment = {"ACME_EMAIL": acme.email, "ACME_DIRECTORY": acme.directory_url, "WEBROOT": paths.WEBROOT}
    if not acme.ca_bundle:
        return environment
    return environment | {"CA_BUNDLE": _bundle(acme.ca_bundle), "REQUESTS_CA_BUNDLE": "/tmp/ca.pem"}  # noqa: S108


def _bundle(path: str) -> str:
    try:
        return Path(path).read_text()
    except OSError as error:
        raise pulumi.RunError(f"acme/ca_bundle: {path} cannot be read ({error.strerror}); name a PEM file") from None
