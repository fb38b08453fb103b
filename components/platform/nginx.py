"""The gateway: the only container that publishes ports."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Output, ResourceOptions

from render import nginx as render
from render import verb
from settings import Nginx as NginxSettings

from ..container import Container
from ..host import Host
from ..image import pull_image
from ..machine import host_program
from ..names import container_name
from ..volume import volume
from .network import Network
from .platform_container import run_platform_container

CHECK = ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:8999/"]
START_TIMEOUT_S = 60
# The master starts workers as the user nginx, signals them, and reads keys that only root may read.
CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "KILL", "NET_BIND_SERVICE", "SETGID", "SETUID"]


@dataclass(frozen=True, kw_only=True)
class NginxArgs:
    """The gateway's settings. `drains_s` are the drains of all services, in seconds."""

    settings: NginxSettings
    drains_s: Sequence[int]
    network: Network
    host: Host


class Nginx(pulumi.ComponentResource):
    """nginx, with its sites in a folder on a volume that it shares with certbot. A release only reloads it."""

    def __init__(self, name: str, args: NginxArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Nginx", name, {}, opts)
        settings, network, host = args.settings, args.network, args.host
        self.container_name = container_name("nginx")
        self.address = network.addresses.nginx
        self.files = volume(f"{name}-files", self.container_name, host, parent=self, protect=False)
        self.webroot = volume(f"{name}-webroot", container_name("webroot"), host, parent=self, protect=False)
        self.image = pull_image(f"{name}-image", settings.image, host, parent=self)
        self.base = self._write_base(name, args)
        server = run_platform_container(
            name,
            Container(
                service="platform",
                part="nginx",
                image=self.image,
                memory_mb=settings.memory_mb,
                check=CHECK,
                entrypoint=render.ENTRYPOINT,
                volumes={render.VOLUME: (self.files.name, False), render.WEBROOT: (self.webroot.name, True)},
                ports=[
                    docker.ContainerPortArgs(internal=inside, external=outside, ip=settings.address, protocol="tcp")
                    for inside, outside in ((80, settings.http_port), (443, settings.https_port))
                ],
                capabilities=CAPABILITIES,
                tmpfs=["/tmp:size=16m", "/run:size=1m"],  # noqa: S108
                sysctls=render.SYSCTLS,
                grace_s=60,
            ),
            host,
            networks=[network.at_address(self.address, "nginx")],
            start_timeout_s=START_TIMEOUT_S,
            parent=self,
            depends_on=[network.ready, self.base, self._check_ports(name, args), self.webroot],
        )
        self.container, self.ready = server.container, server.ready
        self.register_outputs({})

    def _write_base(self, name: str, args: NginxArgs) -> pulumi.Resource:
        """Declares the step that writes nginx.conf and the scripts. Runs again for a new text, script or image."""
        return args.host.command(
            f"{name}-base",
            verb.line(
                "base", self.container_name, volume=self.container_name, scripts=host_program.scripts_digest("volume")
            ),
            stdin=Output.all(image=self.image.reference, fingerprint=args.host.fingerprint("nginx.conf")).apply(
                lambda values: verb.stdin(
                    {**values, "text": render.base(args.drains_s, args.settings, args.network.subnet)}
                )
            ),
            parent=self,
            depends_on=[self.image.resource, self.files],
        )

    def _check_ports(self, name: str, args: NginxArgs) -> pulumi.Resource:
        """Declares the step that fails if another program uses the ports. Runs again for other ports."""
        settings = args.settings
        return args.host.command(
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
