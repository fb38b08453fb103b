"""One service: everything that one block of YAML stands for, in the order of a release."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Output, ResourceOptions

from render import environment
from settings import Part as PartSettings
from settings import Service as ServiceSettings

from ..container import Container
from ..image import Image, image
from ..platform.platform import Platform
from .certificate import Certificate
from .database import Database
from .electric import ElectricAccess, cutover, electric_part
from .migration import app_environment, migration, stable_names
from .part import Gate, Part
from .preflight import preflight
from .redis_user import RedisUser
from .restore import restore
from .retire import cleanup, retire
from .site import Site


class Service(pulumi.ComponentResource):
    """App, frontend, Electric, site, certificate and database of one service: one release unit."""

    containers: Mapping[str, Output[str]]
    images: Mapping[str, Output[str]]
    certificate: Certificate | None = None

    def __init__(
        self, name: str, settings: ServiceSettings, platform: Platform, opts: ResourceOptions | None = None
    ) -> None:
        super().__init__("sertantai:service:Service", name, {}, opts)
        self.settings = settings
        host, postgres, own = platform.host, platform.postgres, ResourceOptions(parent=self)
        images = {
            part: image(f"{name}-{part}-image", block.image, host, self) for part, block in settings.parts().items()
        }
        database = electric = redis = None
        left: list[pulumi.Resource] = [platform.network.ready, platform.postgres.ready]
        if settings.database:
            database = Database(f"{name}-database", name, settings, postgres, host, platform.drift, own)
            left.append(database.ready)
        if settings.electric and database:
            electric = ElectricAccess(
                f"{name}-electric", name, settings.electric, settings.connections["electric"],
                database, postgres, host, platform.drift, own,
            )  # fmt: skip
            left += [electric.ready, electric.storage]
        if settings.redis and platform.redis:
            redis = RedisUser(f"{name}-redis", name, platform.redis, host, own)
            left.append(redis.ready)

        # The first change of a release waits until all of its images are here.
        before = [cleanup(name, settings, platform, self, left), *(pulled.resource for pulled in images.values())]
        if settings.domain:
            self.certificate = Certificate(
                f"{name}-certificate",
                settings.domain,
                platform.certbot,
                platform.nginx,
                host,
                platform.settings.dns,
                own,
            )
            before.append(self.certificate.placeholder)
        given = app_environment(name, settings, database, electric, redis, platform, self)
        before.append(preflight(name, settings, images, given, electric, platform, self, before))
        migrated = migration(name, settings, images["app"], given, database, platform, self, before)
        parts = self._parts(name, images, given, electric, platform, [*before, *migrated])

        passed: list[pulumi.Resource] = [part.gate for part in parts.values()]
        if settings.electric and electric and database:
            passed.append(
                cutover(
                    f"{name}-cutover",
                    name,
                    settings.electric,
                    parts["electric"],
                    electric,
                    database,
                    postgres,
                    platform.nginx,
                    host,
                    platform.drift,
                    passed,
                    self,
                )
            )
        if self.certificate:
            passed.append(self.certificate.ready)
        self.containers = {part: made.container for part, made in parts.items()}
        self.images = {part: made.image for part, made in parts.items()}
        port = platform.settings.nginx.https_port
        secret = electric.secret if electric else None
        site = Site(
            f"{name}-site",
            name,
            settings,
            self.containers,
            secret,
            port,
            platform.nginx,
            host,
            platform.drift,
            passed,
            own,
        )
        retired = retire(
            name, settings, self.containers, self.images, database, electric, redis, platform, self, [site.switched]
        )
        restore(name, settings, given, electric, platform, self, [retired])
        self.register_outputs({"containers": dict(self.containers), "images": dict(self.images)})

    def _parts(
        self,
        name: str,
        images: Mapping[str, Image],
        given: Output[dict[str, str]],
        electric: ElectricAccess | None,
        platform: Platform,
        depends_on: Sequence[pulumi.Resource],
    ) -> dict[str, Part]:
        """The new containers beside the old, each with its gate."""
        app, frontend = self.settings.app, self.settings.frontend
        secrets = given.apply(lambda known: environment.secret_values(known, app.secrets))
        hosts = stable_names(name, self.settings, platform)
        parts = {"app": self._part(name, "app", app, images["app"], given, secrets, hosts, platform, depends_on)}
        if frontend:
            plain = Output.from_input(environment.frontend(port=frontend.port, env=frontend.env))
            parts["frontend"] = self._part(
                name, "frontend", frontend, images["frontend"], plain, [], {}, platform, depends_on
            )
        if electric and self.settings.electric:
            parts["electric"] = electric_part(
                f"{name}-electric", name, self.settings.electric, images["electric"], electric,
                platform.network, platform.host, [*depends_on, *(part.gate for part in parts.values())], self,
            )  # fmt: skip
        return parts

    def _part(
        self,
        service: str,
        part: str,
        block: PartSettings,
        pulled: Image,
        given: Output[dict[str, str]],
        secrets: pulumi.Input[Sequence[str]],
        hosts: Mapping[str, str],
        platform: Platform,
        depends_on: Sequence[pulumi.Resource],
    ) -> Part:
        check = environment.health_check(block.health, block.port)
        container = Container(
            service=service,
            part=part,
            image=pulled,
            memory_mb=block.memory_mb,
            check=check,
            environment=given,
            hosts=hosts,
            read_only=block.read_only,
            grace_s=block.drain_s,
            generation=block.restart_generation,
        )
        health = block.health
        gate = Gate(
            check=check, port=block.port, successes=health.successes, timeout_s=health.start_timeout_s, secrets=secrets
        )
        opts = ResourceOptions(parent=self)
        return Part(f"{service}-{part}", container, gate, platform.network, platform.host, depends_on, opts)
