"""A site's file in the gateway."""

from collections.abc import Sequence

import pulumi
from pulumi import Input, Output
from pulumi_command import local

from render import verb
from settings import Site

from ..host import Host
from .nginx import Nginx


def switch_file(
    step: str,
    site: str,
    text: Input[str],
    *,
    settings: Site,
    nginx: Nginx,
    host: Host,
    users: Input[str] | None = None,
    parent: pulumi.Resource,
    after: Sequence[pulumi.Resource],
) -> local.Command:
    """Declares the step that replaces the file. It runs again for a new text or a new nginx, and after drift.

    `users` are the lines of those who may use the site. Safe to run again: the same text changes nothing.
    """
    fingerprint = host.fingerprint(f"sites/{site}.conf")
    inputs = {"text": text, "fingerprint": fingerprint}
    if users is not None:
        inputs["users"] = users
    return host.command(
        step,
        verb.line("switch", site, gateway=nginx.container_name),
        stdin=Output.all(**inputs).apply(lambda values: verb.stdin({**values, "domains": settings.hosts})),
        delete=verb.line("site-remove", site, gateway=nginx.container_name),
        reruns_on={"NGINX": nginx.container.id, "FINGERPRINT": fingerprint},
        parent=parent,
        depends_on=[nginx.ready, *after],
    )
