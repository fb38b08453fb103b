"""The fingerprints of things that may drift on the host, read before anything is declared."""

import json

import pulumi
from pulumi import Output

from render import verb
from render.network import backup_name
from settings import Settings

from ..host import Host
from ..names import container_name


def read_fingerprints(settings: Settings, host: Host) -> Output[dict[str, str]]:
    """Returns all fingerprints on the host, by name: see `Host.fingerprint`."""
    line = verb.line(
        "fingerprints",
        pulumi.get_stack(),
        network=settings.network.name,
        gateway=container_name("nginx"),
        postgres=container_name("postgres"),
        backup_network=backup_name(settings.network.name) if settings.backup else None,
        watch=container_name("watch") if settings.alerts else None,
    )
    containers = sorted({site.container for site in settings.sites.values()})
    stdin = verb.stdin({"containers": containers}) if containers else None
    return host.read(line, stdin).apply(lambda text: dict(json.loads(text or "{}")))
