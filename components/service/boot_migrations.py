"""At preview, warns of apps that migrate whenever one of their containers starts."""

from collections.abc import Mapping

import pulumi
from pulumi import Output

from render import verb
from settings import Service

from ..host import Host


def warn_of_boot_migrations(services: Mapping[str, Service], host: Host) -> None:
    """Looks into the images that are on the host already. At `up`, each migration looks into its own image."""
    images = {
        name: host.digests[service.app.image]
        for name, service in services.items()
        if service.app.migrate and not service.app.command and "app" in service.running()
    }
    if not images or not pulumi.runtime.is_dry_run():
        return
    stdin = Output.all(images=images).apply(verb.stdin)
    host.read(verb.line("boot-migrations"), stdin).apply(_warn)


def _warn(text: str) -> None:
    for line in text.splitlines():
        pulumi.log.warn(line)
