"""Changes the gateway's files as a release does."""

import shlex
from collections.abc import Sequence

from render import nginx
from tests.throwaway.box import Said, base
from tests.throwaway.calling import call

SERVE = f"exec {shlex.join(nginx.ENTRYPOINT)}"
"""The text that a step runs in nginx's container."""


def put_base(gateway: str, image: str, text: str | None = None, volume: str = "") -> Said:
    """Writes the gateway's own configuration and its scripts; `volume` is needed if its container does not run."""
    inputs = {"image": image, "text": base() if text is None else text, "fingerprint": "none"}
    return call("base", gateway, volume=volume, scripts="1", inputs=inputs)


def switch(gateway: str, service: str, text: str, fingerprint: str = "none", domains: Sequence[str] = ()) -> Said:
    inputs = {"text": text, "fingerprint": fingerprint, "domains": domains}
    return call("switch", service, gateway=gateway, inputs=inputs)


def remove(gateway: str, service: str) -> Said:
    return call("site-remove", service, gateway=gateway)


def placeholder(container: str, domain: str) -> Said:
    return call("placeholder", domain, certbot=container)
