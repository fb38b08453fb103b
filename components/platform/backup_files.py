"""The container that backs up the files of volumes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import ResourceOptions

from render import pgbackrest, restic
from settings import Backup as BackupSettings

from ..container import Container
from ..host import Host
from ..image import Image
from ..names import container_name
from ..volume import volume
from .platform_container import run_platform_container

PART = "backup-files"
CHECK = ["python3", "-m", "host.backup", "files-health"]
# restic is root here: it reads and restores the files of many users. The volumes are mounted read-only.
CAPABILITIES = ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"]
CPUS = "0.5"
START_TIMEOUT_S = 120
# The program is started again each time, so a new version needs no new container. A stop ends a backup.
TURN = f"""trap 'kill $!; wait $!; exit 0' INT TERM
while :; do
  python3 -m host.backup files-turn >/dev/null & wait $!
  sleep {restic.TURN_S} & wait $!
done
"""


@dataclass(frozen=True, kw_only=True)
class BackupFilesArgs:
    """What to back up, and what the other backup container has too."""

    settings: BackupSettings
    volumes: Mapping[str, docker.Volume]
    """By their names in the backups."""
    image: Image
    network: docker.ContainerNetworksAdvancedArgs
    config: docker.Volume
    repository: docker.Volume | None
    """The volume of local repositories."""
    ready: Sequence[pulumi.Resource]
    """The network, and the files of the configuration."""
    host: Host


class BackupFiles(pulumi.ComponentResource):
    """restic in a container of its own, which has all volumes. A new volume replaces this container and no other."""

    def __init__(self, name: str, args: BackupFilesArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("sertantai:platform:BackupFiles", name, {}, opts)
        state = volume(f"{name}-state", container_name(PART), args.host, parent=self, protect=False)
        mounts = {f"{restic.VOLUMES}/{each}": (args.volumes[each].name, True) for each in sorted(args.volumes)}
        mounts |= {pgbackrest.CONFIG: (args.config.name, True), pgbackrest.STATE: (state.name, False)}
        if args.repository:
            mounts[pgbackrest.REPOSITORIES] = (args.repository.name, False)
        server = run_platform_container(
            name,
            Container(
                service="platform",
                part=PART,
                image=args.image,
                memory_mb=args.settings.memory_mb,
                check=CHECK,
                entrypoint=["sh", "-c", TURN],
                environment={
                    "PYTHONPATH": f"{pgbackrest.CONFIG}/program",
                    "PYTHONDONTWRITEBYTECODE": "1",
                    # restic collects garbage before it would be killed.
                    "GOMEMLIMIT": f"{args.settings.memory_mb * 2 // 3}MiB",
                },
                volumes=mounts,
                capabilities=CAPABILITIES,
                init=True,
                cpus=CPUS,
                grace_s=30,
            ),
            args.host,
            network=args.network,
            start_timeout_s=START_TIMEOUT_S,
            parent=self,
            depends_on=[*args.ready, state, *args.volumes.values()],
        )
        self.ready = server.ready
        self.register_outputs({})
