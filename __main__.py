"""The platform: settings, the host, what all services share, the services."""

import asyncio
import os
import signal

import pulumi

import settings
from components.drift import Drift
from components.host import Host, local_host
from components.machine.digests import resolve
from components.machine.hetzner import hetzner_host
from components.machine.ssh import ssh_host
from components.platform.certbot import Certbot
from components.platform.network import Network
from components.platform.nginx import Nginx
from components.platform.platform import Platform
from components.platform.postgres import Postgres
from components.platform.redis import Redis
from components.secret import given
from components.service.service import Service

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # The engine ends the program in this way when a step has failed, and has said itself what.
    signal.signal(signal.SIGINT, lambda *_: os._exit(1))
config = settings.load()
for warning in config.warnings():
    pulumi.log.warn(warning)
drains_s = [service.drain_s for service in config.services.values()]


def host() -> Host:
    """The one place that knows the kinds of host."""
    token = given("registry_token")
    if isinstance(config.host, settings.HetznerHost):
        return hetzner_host(config.host, config.dns, config.registry, token)
    if isinstance(config.host, settings.SshHost):
        return ssh_host(config.host, config.registry, token)
    return local_host(config.registry, token)


machine = host()
resolve(config, machine)
drift = Drift(config.network, machine)
network = Network("network", config.network, machine, drift)
nginx = Nginx("nginx", config.nginx, drains_s, network, machine, drift)
platform = Platform(
    settings=config,
    host=machine,
    drift=drift,
    network=network,
    postgres=Postgres("postgres", config.postgres, network, machine, drift),
    redis=Redis("redis", config.redis, network, machine) if config.redis else None,
    nginx=nginx,
    certbot=Certbot("certbot", config.acme, nginx, machine),
)
services = {name: Service(name, block, platform) for name, block in config.services.items()}

port = "" if config.nginx.https_port == 443 else f":{config.nginx.https_port}"
domains = {name: service.settings.domain for name, service in services.items() if service.settings.domain}
pulumi.export("urls", {name: f"https://{domain}{port}" for name, domain in domains.items()})
pulumi.export("images", {f"{name}/{part}": image for name, s in services.items() for part, image in s.images.items()})
pulumi.export(
    "containers", {f"{name}/{part}": made for name, s in services.items() for part, made in s.containers.items()}
)
pulumi.export("server_ip", machine.address)
pulumi.export(
    "certificates",
    {domain: services[name].certificate.issued for name, domain in domains.items()},  # type: ignore[union-attr]
)


async def settled() -> None:
    """Waits for all outputs at once: the SDK's own wait looks at all of them again for each that is there."""
    while outputs := [each for each in pulumi.runtime.settings.SETTINGS.outputs if not each.done()]:
        await asyncio.wait(outputs)


pulumi.run(settled)
