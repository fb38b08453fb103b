"""A service's ElectricSQL."""

from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Output, ResourceOptions

from render import environment, sql, verb
from settings import Electric as ElectricSettings
from settings import stream_id

from ..container import Container
from ..drift import Drift
from ..host import Host
from ..image import Image
from ..names import container_name
from ..platform.network import Network
from ..platform.nginx import Nginx
from ..platform.postgres import Postgres
from ..secret import secret
from ..volume import volume
from .database import Database
from .part import Gate, Part

CHECK_TOOL = "curl"
GRACE_S = 60
# Accepted before it has the slot, which the old one holds until the cut-over.
WAITING = environment.electric_check("waiting", "active")
ACTIVE = environment.electric_check("active")


class ElectricAccess(pulumi.ComponentResource):
    """What outlives Electric's containers: its role, its secret, its storage, and its slot, which goes when it goes."""

    secret: Output[str]
    login: Output[str]
    secrets: Output[list[str]]
    """What its log must not show."""

    def __init__(
        self,
        name: str,
        service: str,
        settings: ElectricSettings,
        connections: int,
        database: Database,
        postgres: Postgres,
        host: Host,
        drift: Drift,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("sertantai:service:ElectricAccess", name, {}, opts)
        self.secret = secret(f"{name}-secret", f"{service}_ELECTRIC_SECRET", parent=self)
        password = secret(f"{name}-password", f"{service}_ELECTRIC_DATABASE_PASSWORD", parent=self)
        group, stream = sql.electric_group(database.name), stream_id(service, settings)
        self.login = password.apply(lambda value: sql.login(group, value))
        self.ready = host.verb(
            f"{name}-sql",
            verb.line(
                "electric-role",
                service,
                database.name,
                owner=sql.owner(database.name),
                group=group,
                connections=connections,
                postgres=postgres.container_name,
            ),
            told=Output.all(
                password=password, login=self.login, fingerprint=drift.of(f"electric-login/{service}")
            ).apply(verb.told),
            delete=verb.line(
                "electric-role-remove",
                pulumi.get_stack(),
                service,
                database.name,
                group=group,
                slot=sql.slot(stream),
                publication=sql.publication(stream),
                postgres=postgres.container_name,
            ),
            reruns_on={"POSTGRES": postgres.container.id},
            parent=self,
            depends_on=[database.ready],
        )
        # A cache: it goes with its service.
        self.storage = volume(f"{name}-storage", container_name(f"{service}-electric"), host, self, protect=False)
        url = password.apply(
            lambda value: environment.postgres_url(sql.login(group, value), value, database.name, "?sslmode=disable")
        )
        self.environment: Output[Mapping[str, str]] = Output.all(url=url, secret=self.secret).apply(
            lambda known: environment.electric(
                database_url=known["url"],
                secret=known["secret"],
                stream_id=stream,
                pool_size=settings.pool_size,
                env=settings.env,
            )
        )
        self.secrets = self.environment.apply(environment.secret_values)
        self.register_outputs({})


def electric_part(
    name: str,
    service: str,
    settings: ElectricSettings,
    image: Image,
    access: ElectricAccess,
    network: Network,
    host: Host,
    depends_on: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> Part:
    """Electric's container next to its predecessor: the same stream id, and with the same image the same storage."""
    folder = image.reference.apply(environment.electric_storage)
    storage = {"ELECTRIC_STORAGE_DIR": Output.format("{0}/{1}", environment.ELECTRIC_STORAGE, folder)}
    container = Container(
        service=service,
        part="electric",
        image=image,
        memory_mb=settings.memory_mb,
        check=WAITING,
        environment=Output.all(access.environment, storage).apply(lambda known: {**known[0], **known[1]}),
        volumes={environment.ELECTRIC_STORAGE: (access.storage.name, False)},
        read_only=False,
        grace_s=GRACE_S,
        generation=settings.restart_generation,
    )
    gate = Gate(
        check=WAITING,
        port=environment.ELECTRIC_PORT,
        successes=1,
        timeout_s=settings.start_timeout_s,
        secrets=access.secrets,
    )
    return Part(name, container, gate, network, host, depends_on, ResourceOptions(parent=parent))


def cutover(
    name: str,
    service: str,
    settings: ElectricSettings,
    part: Part,
    access: ElectricAccess,
    database: Database,
    postgres: Postgres,
    nginx: Nginx,
    host: Host,
    drift: Drift,
    depends_on: Sequence[pulumi.Resource],
    parent: pulumi.Resource,
) -> pulumi.Resource:
    """The moment the slot changes hands, once every other part of the release is healthy. Safe to run again."""
    return host.verb(
        name,
        Output.all(part.container, part.image).apply(
            lambda known: verb.line(
                "cutover",
                f"{service}/electric",
                known[0],
                stack=pulumi.get_stack(),
                slot=sql.slot(stream_id(service, settings)),
                storage=environment.electric_storage(known[1]),
                generation=settings.cache_generation,
                postgres=postgres.container_name,
                gateway=nginx.container_name,
                timeout=settings.start_timeout_s,
            )
        ),
        told=Output.all(secrets=access.secrets, fingerprint=drift.of(f"slot/{service}")).apply(
            lambda known: verb.told({"check": ACTIVE, "database": database.name, **known})
        ),
        parent=parent,
        depends_on=depends_on,
    )
