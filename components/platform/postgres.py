"""The shared PostgreSQL."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from render import postgres as render
from render import verb
from settings import HEALTH_ROLE, Backup
from settings import Postgres as PostgresSettings

from ..container import Container
from ..host import Host
from ..image import Image, pull_image
from ..names import container_name
from ..secret import secret
from ..volume import volume
from .archive import Archive, ArchiveArgs
from .network import Network
from .platform_container import run_platform_container

SOCKET = "/var/run/postgresql"
CHECK = ["pg_isready", "-q", "-h", "127.0.0.1", "-U", HEALTH_ROLE]
START_TIMEOUT_S = 120


@dataclass(frozen=True, kw_only=True)
class PostgresArgs:
    """PostgreSQL's settings, and those of its backups."""

    settings: PostgresSettings
    backup: Backup | None = None
    network: Network
    host: Host


class Postgres(pulumi.ComponentResource):
    """One cluster for all services, with logical replication. `ready` exists once its rules for logins are ours."""

    def __init__(self, name: str, args: PostgresArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:Postgres", name, {}, opts)
        settings, network, host = args.settings, args.network, args.host
        self.container_name = container_name("postgres")
        image = pull_image(f"{name}-image", settings.image, host, parent=self)
        self.archive = self._archive(args, image)
        self.data = volume(
            f"{name}-data",
            settings.volume or self.container_name,
            host,
            parent=self,
            protect=True,
            exists=not self._is_own(settings.volume),
            # A recovery replaces it by another one. The engine must have recorded before that it is not deleted then.
            kept=args.backup is not None,
            needs=self.archive.keys if self.archive else (),
        )
        # On a volume, so that a backup container can use it too.
        socket = volume(f"{name}-socket", container_name("postgres-socket"), host, parent=self, protect=False)
        server = run_platform_container(
            name,
            self._container(name, args, image=image, socket=socket),
            host,
            networks=self._networks(network),
            start_timeout_s=START_TIMEOUT_S,
            parent=self,
            depends_on=[network.ready, self.data, socket, *self._before()],
        )
        self.container = server.container
        rules = render.rules(self.archive.subnet if self.archive else None)
        self.ready = host.command(
            f"{name}-access",
            verb.line("pg-hba", self.container_name),
            stdin=host.fingerprint("access/platform").apply(
                lambda fingerprint: verb.stdin({**rules, "fingerprint": fingerprint})
            ),
            reruns_on={"CONTAINER": server.container.id},
            parent=self,
            depends_on=[server.ready],
        )
        self.register_outputs({})

    def _is_own(self, volume: str | None) -> bool:
        """Whether the platform has made this volume: its first one, or one for a recovered cluster."""
        return volume is None or bool(re.fullmatch(rf"{re.escape(self.container_name)}(-\d{{8}}T\d{{6}}Z)?", volume))

    def _networks(self, network: Network) -> list[docker.ContainerNetworksAdvancedArgs]:
        """Returns the connections to the services' network and to that of the backup containers."""
        networks = {network: network.addresses.postgres}
        if self.archive:
            networks[self.archive.network] = self.archive.address
        return [network.at_address(address, "postgres") for network, address in networks.items()]

    def _before(self) -> Sequence[pulumi.Resource]:
        return self.archive.prepare(self.data, self.container_name) if self.archive else ()

    def _archive(self, args: PostgresArgs, image: Image) -> Archive | None:
        if not args.backup:
            return None
        archive = ArchiveArgs(settings=args.backup, image=image, network=args.network, host=args.host)
        return Archive("backup", archive, ResourceOptions(parent=self))

    def _container(self, name: str, args: PostgresArgs, *, image: Image, socket: docker.Volume) -> Container:
        settings = args.settings
        # The official image needs a password at its first start. The step `access` removes it.
        password = secret(f"{name}-password", None, parent=self, protect=True)
        variables = {"POSTGRES_INITDB_ARGS": "--data-checksums", "PGDATA": render.DATA}
        return Container(
            service="platform",
            part="postgres",
            image=self.archive.image if self.archive else image,
            memory_mb=settings.memory_mb,
            check=CHECK,
            command=render.arguments(
                settings.memory_mb,
                settings.max_connections,
                settings.max_replication_slots,
                preload=settings.preload,
                chosen=settings.settings.chosen(),
                archives=self.archive is not None,
            ),
            environment=password.apply(lambda value: {"POSTGRES_PASSWORD": value, **variables}),
            volumes={
                render.DATA: (self.data.name, False),
                SOCKET: (socket.name, False),
                **(self.archive.volumes() if self.archive else {}),
            },
            # Without it, PostgreSQL takes an ended push of pgBackRest for a crashed backend, and restarts.
            init=self.archive is not None,
            capabilities=["CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID"],
            tmpfs=["/tmp"],  # noqa: S108
            shm_mb=max(256, settings.memory_mb // 4),
            grace_s=120,
        )
