"""The program: reads the settings, then declares the host, the shared platform and the services."""

import asyncio
import gc
import os
import signal
from typing import Any

import pulumi

import settings
from components.machine.choose import choose_host
from components.platform.backup import Backup, BackupArgs
from components.platform.backup_files import BackupFiles, BackupFilesArgs
from components.platform.certbot import Certbot, CertbotArgs
from components.platform.foreign_site import ForeignSite, ForeignSiteArgs
from components.platform.network import Network, NetworkArgs
from components.platform.nginx import Nginx, NginxArgs
from components.platform.platform import Platform
from components.platform.postgres import Postgres, PostgresArgs
from components.platform.redis import Redis, RedisArgs
from components.platform.watch import Watch, WatchArgs
from components.service.args import ServiceArgs
from components.service.boot_migrations import warn_of_boot_migrations
from components.service.service import Service

if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    # The engine interrupts the program after a step has failed, and reports the failure itself.
    signal.signal(signal.SIGINT, lambda *_: os._exit(1))
# Nearly all objects live until the end: with fifty services, collecting garbage would take a third of the time.
gc.set_threshold(100_000, 50, 10)
config = settings.load()
for warning in config.warnings():
    pulumi.log.warn(warning)

host = choose_host(config)
network = Network("network", NetworkArgs(settings=config.network, host=host))
drains_s = [service.drain_s for service in config.services.values()]
nginx = Nginx("nginx", NginxArgs(settings=config.nginx, drains_s=drains_s, network=network, host=host))
database = PostgresArgs(settings=config.postgres, backup=config.backup, network=network, host=host)
postgres = Postgres("postgres", database)
platform = Platform(
    settings=config,
    host=host,
    network=network,
    postgres=postgres,
    backup=Backup("backup", BackupArgs(postgres=postgres, host=host)) if config.backup else None,
    redis=Redis("redis", RedisArgs(settings=config.redis, network=network, host=host)) if config.redis else None,
    nginx=nginx,
    certbot=Certbot("certbot", CertbotArgs(acme=config.acme, nginx=nginx, host=host)),
)
watch = Watch("watch", WatchArgs(settings=config, nginx=nginx, host=host)) if config.alerts else None


async def main() -> dict[str, pulumi.Input[Any]]:
    """Declares the services, waits until all resources are registered, and returns the stack's outputs."""
    services: dict[str, Service] = {}
    for name, block in config.services.items():
        services[name] = Service(name, ServiceArgs(service=name, settings=block, platform=platform))
        await asyncio.sleep(0)  # lets the SDK register this service while the next one is declared
    for name, service in services.items():
        service.finish([services[sharer] for sharer in settings.sharers(name, config.services)])
    warn_of_boot_migrations(config.services, host)
    sites = {
        name: ForeignSite(name, ForeignSiteArgs(settings=block, platform=platform))
        for name, block in config.sites.items()
    }
    released: list[pulumi.Resource] = [step for service in services.values() for step in service.retired]
    if postgres.archive:
        volumes = {"letsencrypt": platform.certbot.certificates}
        volumes |= {f"{name}-{each}": new for name, s in services.items() for each, new in s.release.volumes.items()}
        released.append(BackupFiles("backup-volumes", BackupFilesArgs(postgres=postgres, volumes=volumes, host=host)))
    if watch:
        watch.expect(after=[*released, *(site.switched for site in sites.values())])
    # Waits for all outputs at once: the SDK itself would check all of them again after each one.
    while outputs := [output for output in pulumi.runtime.settings.SETTINGS.outputs if not output.done()]:
        await asyncio.wait(outputs)
    port = "" if config.nginx.https_port == 443 else f":{config.nginx.https_port}"
    certificates = {name: service.certificates for name, service in services.items()}
    certificates |= {name: site.certificates for name, site in sites.items()}
    return {
        "urls": {name: f"https://{names[0].host}{port}" for name, names in certificates.items() if names},
        "images": {f"{name}/{part}": image for name, s in services.items() for part, image in s.images.items()},
        "containers": {f"{name}/{part}": new for name, s in services.items() for part, new in s.containers.items()},
        "server_ip": host.address,
        "certificates": {each.host: each.issued for names in certificates.values() for each in names},
    }


pulumi.run(main)
