"""A service's file in the gateway. It switches all parts of a release at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi import Output, ResourceOptions

from render import nginx as render
from render import verb

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

    The step runs again for new containers, a new text or a new nginx, and after drift. Safe to run again: the same text
    changes nothing.
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
        domains = [settings.domain] if settings.domain else []
        self.switched = host.command(
            f"{name}-switch",
            verb.line("switch", service, gateway=nginx.container_name),
            stdin=Output.all(text=text, fingerprint=host.fingerprint(f"sites/{service}.conf")).apply(
                lambda values: verb.stdin({**values, "domains": domains})
            ),
            delete=verb.line("site-remove", service, gateway=nginx.container_name),
            reruns_on={"NGINX": nginx.container.id},
            parent=self,
            depends_on=[nginx.ready, *args.after],
        )
        self.register_outputs({})


def switch_site(
    release: Release, parts: Mapping[str, Part], *, after: Sequence[pulumi.Resource]
) -> Sequence[pulumi.Resource]:
    """Declares the switch of the service's site to the new containers, after its certificate."""
    certificate = [release.certificate.ready] if release.certificate else []
    args = SiteArgs(release=release, parts=parts, after=[*after, *certificate])
    return [Site(f"{release.service}-site", args, ResourceOptions(parent=release.parent)).switched]
