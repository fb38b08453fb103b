"""The gateway's files, changed as a release changes them."""

import shlex
from collections.abc import Sequence

from render import nginx
from tests.render.box import Said, base

from .calling import call

SERVE = f"exec {shlex.join(nginx.ENTRYPOINT)}"
"""What nginx's container runs, as shell text."""


def put_base(gateway: str, image: str, text: str | None = None, volume: str = "") -> Said:
    """The gateway's own configuration and its scripts; `volume` is needed where its container does not run."""
    inputs = {"image": image, "text": base() if text is None else text, "fingerprint": "none"}
    return call("base", gateway, volume=volume, scripts="1", inputs=inputs)


def switch(gateway: str, service: str, text: str, fingerprint: str = "none", domains: Sequence[str] = ()) -> Said:
    inputs = {"text": text, "fingerprint": fingerprint, "domains": domains}
    return call("switch", service, gateway=gateway, inputs=inputs)


def remove(gateway: str, service: str) -> Said:
    return call("site-remove", service, gateway=gateway)


def placeholder(container: str, domain: str) -> Said:
    return call("placeholder", domain, certbot=container)
