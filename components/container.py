"""The one builder of containers, which hardens all of them alike. Each room decides how its own are replaced."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi_docker as docker
from pulumi import Input, Output

from .image import Image
from .names import LABEL, labels


@dataclass(frozen=True, kw_only=True)
class Container:
    """The settings of a container of any kind."""

    service: str
    part: str
    image: Image
    memory_mb: int
    check: Sequence[str]
    environment: Input[Mapping[str, str]] | None = None
    command: Sequence[str] | None = None
    entrypoint: Sequence[str] | None = None
    volumes: Mapping[str, tuple[Input[str], bool]] = field(default_factory=dict)
    """Volume name and whether it is mounted read-only, by the path in the container."""
    host_folders: Mapping[str, str] = field(default_factory=dict)
    """Folders of the host, mounted read-only with all that is mounted in them, by the path in the container."""
    hosts: Mapping[str, str] = field(default_factory=dict)
    """Additional addresses by host name, next to those that Docker resolves."""
    ports: Sequence[docker.ContainerPortArgs] = ()
    capabilities: Sequence[str] = ()
    tmpfs: Sequence[str] = ("/tmp",)  # noqa: S108 - the container's own file system
    """Paths, each with Docker's options after a colon. Without a size, a path may use the container's whole memory."""
    sysctls: Mapping[str, str] = field(default_factory=dict)
    """Kernel settings of its network namespace."""
    read_only: bool = True
    user: str | None = None
    """None: the image's own."""
    init: bool = False
    """Whether Docker's init is its first process, which ends what its parent has left."""
    cpus: str | None = None
    """The processors that it may use at most, written as the provider reads them back: 1.0."""
    cpu_shares: int | None = None
    """Its weight beside other containers, which have 1024, while all want processors."""
    shm_mb: int = 64
    grace_s: int = 60
    generation: int = 0
    marks: Mapping[str, str] = field(default_factory=dict)
    """More labels. The provider does not see that an option is gone, such as `entrypoint`; it sees a changed label."""

    def arguments(self) -> docker.ContainerArgs:
        """Returns the arguments of its resource, without name and network."""
        marks = {"generation": str(self.generation), **self.marks}
        values = labels(self.service, self.part) | {f"{LABEL}.{name}": value for name, value in marks.items()}
        return docker.ContainerArgs(
            image=self.image.reference,
            command=list(self.command) if self.command else None,
            entrypoints=list(self.entrypoint) if self.entrypoint else None,
            envs=Output.from_input(self.environment or {}).apply(
                lambda values: [f"{key}={value}" for key, value in sorted(values.items())]
            ),
            labels=[docker.ContainerLabelArgs(label=key, value=value) for key, value in values.items()],
            volumes=[
                docker.ContainerVolumeArgs(volume_name=volume, container_path=path, read_only=read_only)
                for path, (volume, read_only) in self.volumes.items()
            ]
            + [
                docker.ContainerVolumeArgs(host_path=folder, container_path=path, read_only=True)
                for path, folder in self.host_folders.items()
            ],
            hosts=[docker.ContainerHostArgs(host=name, ip=ip) for name, ip in self.hosts.items()],
            ports=list(self.ports),
            healthcheck=docker.ContainerHealthcheckArgs(
                tests=["CMD", *self.check], interval="10s", timeout="5s", retries=3, start_period="1m0s"
            ),
            memory=self.memory_mb,
            memory_swap=self.memory_mb,
            shm_size=self.shm_mb,
            restart="unless-stopped",
            read_only=self.read_only,
            user=self.user,
            init=self.init or None,
            cpus=self.cpus,
            cpu_shares=self.cpu_shares,
            sysctls=dict(self.sysctls) or None,
            tmpfs={path: options for path, _, options in (entry.partition(":") for entry in self.tmpfs)},
            security_opts=["no-new-privileges"],
            capabilities=docker.ContainerCapabilitiesArgs(
                drops=["ALL"], adds=[f"CAP_{capability}" for capability in self.capabilities]
            ),
            log_driver="json-file",
            log_opts={"max-size": "10m", "max-file": "3"},
            stop_timeout=self.grace_s,
            destroy_grace_seconds=self.grace_s,
        )
