"""A service's file in the gateway. It switches all parts of a release at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from render import nginx as render

from ..platform.certificate import needed_by_site
from ..platform.site_file import switch_file
from .part import Part
from .release import Release


@dataclass(frozen=True, kw_only=True)
class SiteArgs:
    """A release, its new containers, and the resources that must exist before they receive requests."""

    release: Release
    parts: Mapping[str, Part]
    after: Sequence[pulumi.Resource]


class Site(pulumi.ComponentResource):
    """Upstreams, stable names and, with a domain, the public site. `switched` exists once the new containers serve.

    The step runs again for new containers too: their names are in the text.
    """

    def __init__(self, name: str, args: SiteArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:service:Site", name, {}, opts)
        release = args.release
        service, settings, host = release.service, release.settings, release.platform.host
        electric, nginx = release.accounts.electric, release.platform.nginx
        text = Output.all(
            secret=electric.secret if electric else None,
            containers={part: new.container for part, new in args.parts.items()},
        ).apply(
            lambda values: render.site(
                service,
                settings,
                {part: [container] for part, container in values["containers"].items()},
                values["secret"],
                release.platform.settings.nginx.https_port,
            )
        )
        self.switched = switch_file(
            f"{name}-switch",
            service,
            text,
            settings=settings,
            nginx=nginx,
            host=host,
            parent=self,
            after=args.after,
        )
        self.register_outputs({})


def switch_site(
    release: Release, parts: Mapping[str, Part], *, after: Sequence[pulumi.Resource]
) -> Sequence[pulumi.Resource]:
    """Declares the switch of the service's site to the new containers, after its certificates."""
    args = SiteArgs(release=release, parts=parts, after=[*after, *needed_by_site(release.certificates)])
    return [Site(f"{release.service}-site", args, ResourceOptions(parent=release.parent)).switched]
