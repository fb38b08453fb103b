"""A service's file in the gateway: with it the whole release takes the traffic."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Output, ResourceOptions

from render import nginx as render
from render import verb
from settings import Service

from ..drift import Drift
from ..host import Host
from ..platform.nginx import Nginx


class Site(pulumi.ComponentResource):
    """Upstreams, stable names and, with a domain, the public site. `switched`: they lead to `containers`."""

    def __init__(
        self,
        name: str,
        service: str,
        settings: Service,
        containers: Mapping[str, Output[str]],
        electric_secret: Output[str] | None,
        https_port: int,
        nginx: Nginx,
        host: Host,
        drift: Drift,
        depends_on: Sequence[pulumi.Resource],
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("sertantai:service:Site", name, {}, opts)
        text = Output.all(secret=electric_secret, **containers).apply(
            lambda known: render.site(
                service,
                settings,
                {part: [known[part]] for part in containers},
                known["secret"],
                https_port,
            )
        )
        domains = [settings.domain] if settings.domain else []
        self.switched = host.verb(
            f"{name}-switch",
            verb.line("switch", service, gateway=nginx.container_name),
            told=Output.all(text=text, fingerprint=drift.of(f"sites/{service}.conf")).apply(
                lambda known: verb.told({**known, "domains": domains})
            ),
            delete=verb.line("site-remove", service, gateway=nginx.container_name),
            reruns_on={"NGINX": nginx.container.id},
            parent=self,
            depends_on=[nginx.ready, *depends_on],
        )
        self.register_outputs({})
