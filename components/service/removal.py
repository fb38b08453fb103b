"""What happens when a service is removed from the stack file: its containers are removed."""

from collections.abc import Sequence

import pulumi

from render import verb

from .electric import GRACE_S as ELECTRIC_GRACE_S
from .release import Release


def declare_removal(release: Release) -> Sequence[pulumi.Resource]:
    """Declares a step that does nothing, but whose `delete` removes all containers of the service, after its site.

    All containers depend on this step, so they are removed even if no release has ever finished.
    """
    platform = release.platform
    grace_s = max(release.settings.drain_s, ELECTRIC_GRACE_S)
    postgres = platform.postgres.container_name
    registered = release.command(
        "cleanup",
        verb.line("nothing"),
        delete=verb.line("take-out", pulumi.get_stack(), release.service, postgres=postgres, grace=grace_s),
        after=[platform.network.ready, platform.postgres.ready, *release.accounts.ready],
    )
    return [registered]
