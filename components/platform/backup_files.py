"""The container that backs up the files of volumes."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from render import pgbackrest, restic

from ..container import Container
from ..host import Host
from ..names import container_name
from ..volume import volume
from .archive import Archive
from .backup import READY, turns
from .platform_container import run_platform_container
from .postgres import Postgres

PART = "backup-files"
CHECK = ["python3", "-m", "host.backup", "health"]
# restic is root here: it reads and restores the files of many users. The volumes are mounted read-only.
CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"]
START_TIMEOUT_S = 60


@dataclass(frozen=True, kw_only=True)
class BackupFilesArgs:
    """What to back up, and PostgreSQL, whose archive has the image, the network, and the repository of all backups."""

    postgres: Postgres
    volumes: Mapping[str, docker.Volume]
    """By their names in the backups."""
    host: Host


class BackupFiles(pulumi.ComponentResource):
    """restic in a container of its own, which has all volumes. A new volume replaces this container and no other."""

    def __init__(self, name: str, args: BackupFilesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:BackupFiles", name, {}, opts)
        archive = args.postgres.archive
        assert archive, "PostgreSQL has no archive"
        state = volume(f"{name}-state", container_name(PART), args.host, parent=self, protect=False)
        server = run_platform_container(
            name,
            _container(archive, state, args.volumes),
            args.host,
            networks=[archive.network.anywhere()],
            ready_check=READY,
            start_timeout_s=START_TIMEOUT_S,
            parent=self,
            # On a new server PostgreSQL waits for a recovery. A snapshot of its empty volumes would be the newest one.
            depends_on=[args.postgres.ready, archive.written, state, *args.volumes.values()],
        )
        self.ready = server.ready
        self.register_outputs({})


def _container(archive: Archive, state: docker.Volume, volumes: Mapping[str, docker.Volume]) -> Container:
    memory_mb = archive.settings.memory_mb
    return Container(
        service="platform",
        part=PART,
        image=archive.image,
        memory_mb=memory_mb,
        check=CHECK,
        entrypoint=["sh", "-c", turns("files-turn >/dev/null")],
        environment={
            "PYTHONPATH": f"{pgbackrest.CONFIG}/program",
            "PYTHONDONTWRITEBYTECODE": "1",
            # restic frees memory in time.
            "GOMEMLIMIT": f"{memory_mb * 2 // 3}MiB",
        },
        volumes={
            **{f"{restic.VOLUMES}/{name}": (volumes[name].name, True) for name in sorted(volumes)},
            pgbackrest.STATE: (state.name, False),
            **archive.volumes(),
        },
        user="root",
        capabilities=CAPABILITIES,
        init=True,
        cpus="1.0",
        cpu_shares=128,
        grace_s=30,
    )
