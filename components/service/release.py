"""The context that all steps of one release share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import Input, Output
from pulumi_command import local

from render import environment

from ..image import Image, pull_image
from ..platform.certificate import Certificate, request_certificates
from .accounts import Accounts, create_accounts
from .app_environment import app_environment
from .app_volumes import app_volumes
from .args import ServiceArgs


@dataclass(frozen=True, kw_only=True)
class Release(ServiceArgs):
    """One release of a service. It is created before the first step and does not change."""

    parent: pulumi.Resource
    images: Mapping[str, Image]
    """The images by part."""
    accounts: Accounts
    certificates: Sequence[Certificate]
    """A certificate for each name of its site, that of the domain first."""
    volumes: Mapping[str, docker.Volume]
    """The app's volumes, by their names in its settings."""
    environment: Output[dict[str, str]]
    """The app's environment."""
    migrate_environment: Output[dict[str, str]]
    """The environment of its migrations."""
    secrets: Output[list[str]]
    """The values that the app's log must not show."""

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
        """Declares a step of this service on the host: see `Host.command`."""
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
    """Declares the images, and what outlives a release: accounts, certificates, volumes, secrets."""
    name, settings, host = args.service, args.settings, args.platform.host
    accounts = create_accounts(args, parent)
    certificates = request_certificates(name, settings, args.platform, parent=parent)
    app, migration = app_environment(args, accounts, parent)
    return Release(
        service=name,
        settings=settings,
        platform=args.platform,
        parent=parent,
        images={
            part: pull_image(f"{name}-{part}-image", block.image, host, parent=parent)
            for part, block in settings.running().items()
        },
        accounts=accounts,
        certificates=certificates,
        volumes=app_volumes(args, parent),
        environment=app,
        migrate_environment=migration,
        secrets=app.apply(
            lambda values: environment.secret_values(values, environment.secret_names(settings), settings.app.env)
        ),
    )
