"""One service: the steps of its release in their order."""

import pulumi
from pulumi import ResourceOptions

from .args import ServiceArgs
from .cleanup import cleanup
from .containers import start_containers
from .cutover import cut_over
from .migration import migrate
from .preflight import preflight
from .release import begin_release
from .restore import restore
from .retire import retire
from .switch import switch_site


class Service(pulumi.ComponentResource):
    """App, frontend, Electric, site, certificate and database of one service, released as one unit."""

    def __init__(self, name: str, args: ServiceArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:Service", name, {}, opts)
        release = begin_release(args, self)
        registered = cleanup(release)
        checked = preflight(release, after=registered)
        migrated = migrate(release, after=checked)
        parts = start_containers(release, after=migrated)
        active = cut_over(release, parts)
        switched = switch_site(release, parts, after=active)
        retired = retire(release, parts, after=switched)
        restore(release, after=retired)

        self.certificates = release.certificates
        self.images = {part: image.reference for part, image in release.images.items()}
        self.containers = {part: new.container for part, new in parts.items()}
        self.register_outputs({"containers": self.containers, "images": self.images})
