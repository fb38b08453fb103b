"""What all steps of one release share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Input, Output, ResourceOptions
from pulumi_command import local

from render import environment

from ..image import Image, pull_image
from .accounts import Accounts, open_accounts
from .app_environment import app_environment
from .args import ServiceArgs
from .certificate import Certificate


@dataclass(frozen=True, kw_only=True)
class Release(ServiceArgs):
    """Made once, before the first step, and read by every step."""

    parent: pulumi.Resource
    images: Mapping[str, Image]
    """By part."""
    accounts: Accounts
    certificate: Certificate | None
    environment: Output[dict[str, str]]
    """The app's."""
    secrets: Output[list[str]]
    """What the app's log must not show."""

    def command(
        self,
        step: str,
        line: Input[str],
        *,
        stdin: Input[str] | None = None,
        delete: str | None = None,
        reruns_on: Mapping[str, Input[str]] | None = None,
        after: Sequence[pulumi.Resource],
    ) -> local.Command:
        """A step of this service on the host; see `Host.command`."""
        return self.platform.host.command(
            f"{self.service}-{step}",
            line,
            stdin=stdin,
            delete=delete,
            reruns_on=reruns_on,
            parent=self.parent,
            depends_on=after,
        )


def begin_release(args: ServiceArgs, parent: pulumi.Resource) -> Release:
    """Pulls the images, and makes what outlives a release: accounts, certificate, secrets."""
    name, settings, host = args.service, args.settings, args.platform.host
    accounts = open_accounts(args, parent)
    certificate = None
    if settings.domain:
        certificate = Certificate(f"{name}-certificate", args, ResourceOptions(parent=parent))
    app = app_environment(args, accounts, parent)
    return Release(
        service=name,
        settings=settings,
        platform=args.platform,
        parent=parent,
        images={
            part: pull_image(f"{name}-{part}-image", block.image, host, parent=parent)
            for part, block in settings.parts().items()
        },
        accounts=accounts,
        certificate=certificate,
        environment=app,
        secrets=app.apply(lambda values: environment.secret_values(values, settings.app.secrets)),
    )
