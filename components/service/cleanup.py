"""What happens to a service's containers when the service is taken out of the stack file."""

from collections.abc import Sequence

import pulumi

from render import verb

from .electric import GRACE_S as ELECTRIC_GRACE_S
from .release import Release


def cleanup(release: Release) -> Sequence[pulumi.Resource]:
    """Does nothing until the service is taken out: then its containers go, after its site.

    The containers depend on it, so it exists before the first of them and is deleted after the last, even if no release
    was ever finished.
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
