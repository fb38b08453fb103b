"""The fingerprints of things that may drift on the host, read before anything is declared."""

import json

import pulumi
from pulumi import Output

from render import verb
from render.network import backup_name
from settings import Settings

from ..host import Host
from ..names import container_name

RESTORE = "restore"
"""The name that stands for a restore that runs: it is no fingerprint."""


def read_fingerprints(settings: Settings, host: Host) -> Output[dict[str, str]]:
    """Returns all fingerprints on the host, by name: see `Host.fingerprint`.

    A killed `up` may leave a restore to the host. An `up` waits here for its end: the app that the restore has stopped
    looks like drift, and what a new one wrote between the rows of the dump would be lost.
    """
    stack = pulumi.get_stack()
    line = verb.line(
        "fingerprints",
        stack,
        network=settings.network.name,
        gateway=container_name("nginx"),
        postgres=container_name("postgres"),
        backup_network=backup_name(settings.network.name) if settings.backup else None,
        watch=container_name("watch") if settings.alerts else None,
    )
    containers = sorted({site.container for site in settings.sites.values()})
    stdin = verb.stdin({"containers": containers}) if containers else None

    def read() -> Output[dict[str, str]]:
        return host.read(line, stdin).apply(lambda text: dict(json.loads(text or "{}")))

    def settled(found: dict[str, str]) -> Output[dict[str, str]]:
        if pulumi.runtime.is_dry_run() or RESTORE not in found:
            return Output.from_input(found)
        pulumi.log.info("a restore runs on the host: waits for its end")
        # What was read during the restore looked like drift.
        return host.read(verb.line("restore-wait", stack)).apply(lambda _: read())

    return read().apply(settled)
