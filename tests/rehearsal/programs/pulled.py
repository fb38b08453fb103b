"""Pulls the image that its stack file names, as the platform does."""

from types import SimpleNamespace
from typing import Any

import pulumi

from components.host import local_host
from components.image import image
from components.machine.digests import resolve
from settings import Registry

reference = pulumi.Config().require("image")
registry = Registry(server=reference.partition("/")[0], username="tester")
config: Any = SimpleNamespace(images=lambda: {"app/image": reference}, registry=registry)
host = local_host(registry, pulumi.Output.secret("right"))
resolve(config, host)
pulumi.export(
    "image", image("app-image", reference, host, pulumi.ComponentResource("test:pulled:App", "app")).reference
)
