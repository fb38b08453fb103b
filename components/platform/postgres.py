"""The shared PostgreSQL."""

import pulumi
from pulumi import ResourceOptions

from render import postgres as render
from render import verb
from settings import HEALTH_ROLE
from settings import Postgres as PostgresSettings

from ..container import Container, fixed
from ..drift import Drift
from ..host import Host
from ..image import image
from ..names import container_name
from ..secret import secret
from ..volume import volume
from .network import Network
from .server import readiness

DATA = "/var/lib/postgresql/data"
SOCKET = "/var/run/postgresql"
CHECK = ["pg_isready", "-q", "-h", "127.0.0.1", "-U", HEALTH_ROLE]
START_TIMEOUT_S = 120


class Postgres(pulumi.ComponentResource):
    """One cluster for all services, with logical replication. `ready`: it answers, and our rules say who logs in."""

    def __init__(
        self,
        name: str,
        settings: PostgresSettings,
        network: Network,
        host: Host,
        drift: Drift,
        opts: ResourceOptions | None = None,
    ) -> None:
        super().__init__("sertantai:platform:Postgres", name, {}, opts)
        self.container_name = container_name("postgres")
        # The official image wants one at its first start; `access` takes it away again.
        password = secret(f"{name}-password", None, parent=self, protect=True)
        data = volume(
            f"{name}-data",
            settings.volume or self.container_name,
            host,
            self,
            protect=True,
            exists=settings.volume is not None,
        )
        # On a volume, so that a backup container can use it too.
        socket = volume(f"{name}-socket", container_name("postgres-socket"), host, self, protect=False)
        container = fixed(
            f"{name}-server",
            Container(
                service="platform",
                part="postgres",
                image=image(f"{name}-image", settings.image, host, self),
                memory_mb=settings.memory_mb,
                check=CHECK,
                command=render.arguments(settings.memory_mb, settings.max_connections, settings.max_replication_slots),
                environment=password.apply(
                    lambda value: {
                        "POSTGRES_PASSWORD": value,
                        "POSTGRES_INITDB_ARGS": "--data-checksums",
                        "PGDATA": DATA,
                    }
                ),
                volumes={DATA: (data.name, False), SOCKET: (socket.name, False)},
                capabilities=["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
                tmpfs=["/tmp"],  # noqa: S108
                shm_mb=max(256, settings.memory_mb // 4),
                grace_s=120,
            ),
            (network, network.addresses.postgres),
            host,
            self,
            [data, socket],
        )
        answers = readiness(f"{name}-ready", container, self.container_name, CHECK, START_TIMEOUT_S, host, self)
        self.ready = host.verb(
            f"{name}-access",
            verb.line("pg-hba", self.container_name),
            told=drift.of("access/platform").apply(
                lambda fingerprint: verb.told({**render.rules(), "fingerprint": fingerprint})
            ),
            reruns_on={"CONTAINER": container.id},
            parent=self,
            depends_on=[answers],
        )
        self.container = container
        self.register_outputs({})
