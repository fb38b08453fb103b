"""One service: the steps of its release in their order."""

from collections.abc import Sequence

import pulumi
from pulumi import ResourceOptions

from .args import ServiceArgs
from .containers import start_containers
from .cutover import cut_over
from .migration import migrate
from .preflight import preflight
from .readers import limit_readers
from .release import begin_release
from .removal import declare_removal
from .restore import restore
from .retire import drop_old_logins, retire
from .switch import switch_site
from .volumes import prepare_volumes


class Service(pulumi.ComponentResource):
    """App, frontend, Electric, site, certificate and database of one service, released as one unit."""

    def __init__(self, name: str, args: ServiceArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:Service", name, {}, opts)
        release = begin_release(args, self)
        removable = declare_removal(release)
        checked = preflight(release, after=removable)
        prepared = prepare_volumes(release, after=checked)
        migrated = migrate(release, after=prepared)
        parts = start_containers(release, after=migrated)
        active = cut_over(release, parts)
        switched = switch_site(release, parts, after=active or migrated)
        self.retired = retire(release, parts, after=switched)
        limit_readers(release, after=self.retired)

        self.release = release
        self.certificates = release.certificates
        self.images = {part: image.reference for part, image in release.images.items()}
        self.containers = {part: new.container for part, new in parts.items()}
        self.register_outputs({"containers": self.containers, "images": self.images})

    def finish(self, sharers: Sequence["Service"]) -> None:
        """Declares what waits for the releases of all services on the database: it drops logins, or stops them all."""
        after = [step for service in (self, *sharers) for step in service.retired]
        drop_old_logins(self.release, after=after)
        restore(self.release, [service.release for service in sharers], after=after)
