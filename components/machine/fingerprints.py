"""The fingerprints of things that may drift on the host, read before anything is declared."""

import json

from pulumi import Output

from render import verb
from settings import Network

from ..host import Host
from ..names import container_name


def read_fingerprints(network: Network, host: Host) -> Output[dict[str, str]]:
    """Returns all fingerprints on the host, by name: see `Host.fingerprint`."""
    line = verb.line(
        "fingerprints",
        network=network.name,
        gateway=container_name("nginx"),
        postgres=container_name("postgres"),
    )
    return host.read(line).apply(lambda text: dict(json.loads(text or "{}")))
