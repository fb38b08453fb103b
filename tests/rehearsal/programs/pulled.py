"""Pulls the image that its stack file names, as the platform does."""

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pulumi

from components.image import pull_image
from components.machine.digests import resolve_digests
from components.machine.local import local_host
from settings import Registry

reference = pulumi.Config().require("image")
registry = Registry(server=reference.partition("/")[0], username="tester")
config: Any = SimpleNamespace(images=lambda: {"app/image": reference}, registry=registry)
host = local_host(registry)
host = replace(host, digests=resolve_digests(config, host))
app = pulumi.ComponentResource("test:pulled:App", "app")
pulumi.export("image", pull_image("app-image", reference, host, parent=app).reference)
