"""What was changed by hand on the host, read before anything is declared and fed to the step that mends it."""

import json

from pulumi import Output

from render import verb
from settings import Network

from .host import Host
from .names import container_name

UNTOUCHED = "none"


class Drift:
    """The fingerprints on the host. A step has that of its thing among its inputs, and runs again where it changed."""

    def __init__(self, network: Network, host: Host) -> None:
        line = verb.line(
            "fingerprints",
            network=network.name,
            gateway=container_name("nginx"),
            postgres=container_name("postgres"),
        )
        self._found = host.ask(line).apply(lambda text: json.loads(text or "{}"))

    def of(self, name: str) -> Output[str]:
        """One of them: `network`, a file of the gateway, or a login, slot or rule such as `login/legal`."""
        return self._found.apply(lambda found: str(found.get(name, UNTOUCHED)))
