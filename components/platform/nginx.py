"""The gateway: the only container that publishes ports."""

from collections.abc import Sequence

import pulumi
import pulumi_docker as docker
from pulumi import Output, ResourceOptions

from render import nginx as render
from render import verb
from settings import Nginx as NginxSettings

from ..container import Container, fixed
from ..drift import Drift
from ..host import Host
from ..image import image
from ..machine import host_program
from ..names import container_name
from ..volume import volume
from .network import Network
from .server import readiness

CHECK = ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8999/"]
START_TIMEOUT_S = 60


class Nginx(pulumi.ComponentResource):
    """nginx with its sites in a directory on a volume, which it shares with certbot. Nothing ever stops it."""

    def __init__(
        self,
        name: str,
        settings: NginxSettings,
        drains_s: Sequence[int],
        network: Network,
        host: Host,
        drift: Drift,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("sertantai:platform:Nginx", name, {}, opts)
        self.container_name = container_name("nginx")
        self.address = network.addresses.nginx
        pulled = image(f"{name}-image", settings.image, host, self)
        self.files = volume(f"{name}-files", self.container_name, host, self, protect=False)
        self.webroot = volume(f"{name}-webroot", container_name("webroot"), host, self, protect=False)
        scripts = host_program.digest("volume")
        self.base = host.verb(
            f"{name}-base",
            verb.line("base", self.container_name, volume=self.container_name, scripts=scripts),
            told=Output.all(image=pulled.reference, fingerprint=drift.of("nginx.conf")).apply(
                lambda known: verb.told({**known, "text": render.base(drains_s, settings)})
            ),
            parent=self,
            depends_on=[pulled.resource, self.files],
        )
        free = host.verb(
            f"{name}-ports",
            verb.line(
                "ports",
                self.container_name,
                address=settings.address,
                http_port=settings.http_port,
                https_port=settings.https_port,
            ),
            parent=self,
        )
        self.container = fixed(
            f"{name}-server",
            Container(
                service="platform",
                part="nginx",
                image=pulled,
                memory_mb=settings.memory_mb,
                check=CHECK,
                entrypoint=render.SERVE,
                volumes={
                    render.VOLUME: (self.files.name, False),
                    render.WEBROOT: (self.webroot.name, True),
                },
                ports=[
                    docker.ContainerPortArgs(internal=inside, external=outside, ip=settings.address, protocol="tcp")
                    for inside, outside in ((80, settings.http_port), (443, settings.https_port))
                ],
                # Workers become the user nginx; the master signals them and reads the keys that root alone may read.
                capabilities=["CHOWN", "DAC_OVERRIDE", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"],
                tmpfs=["/tmp:size=16m", "/run:size=1m"],  # noqa: S108
                sysctls=render.SYSCTLS,
                grace_s=60,
            ),
            (network, self.address),
            host,
            self,
            [self.base, free, self.webroot],
        )
        self.ready = readiness(f"{name}-ready", self.container, self.container_name, CHECK, START_TIMEOUT_S, host, self)
        self.register_outputs({})
