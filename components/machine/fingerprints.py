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

    def parse(text: str) -> dict[str, str]:
        return dict(json.loads(text or "{}"))

    def settled(text: str) -> Output[dict[str, str]]:
        if pulumi.runtime.is_dry_run() or RESTORE not in parse(text):
            return Output.from_input(parse(text))
        pulumi.log.info("a restore runs on the host: waits for its end")
        ended = host.read(verb.line("restore-wait", pulumi.get_stack()))
        # What was read during the restore looked like drift.
        now: Output[str] = ended.apply(lambda _: host.read(line, stdin))
        return now.apply(parse)

    return host.read(line, stdin).apply(settled)
