"""A cluster that is recovered next to the running one: its names on the host, and what both are made of."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import backups, docker, lock, system
from .failure import Failure
from .stack_folder import stack_folder

STACK, PART = "sertantai.stack", "sertantai.part"
RECOVERED, REACHED = "sertantai.recovered", "sertantai.reached"
"""Labels of a recovered cluster's container: its id, and the time of its last commit."""
DATA = "/var/lib/postgresql/data"
STATUS_TIMEOUT_S = 300
# The platform's own containers have the same.
CAPABILITIES = [
    word for name in ("CHOWN", "DAC_OVERRIDE", "FOWNER", "SETGID", "SETUID") for word in ("--cap-add", name)
]
HARDENED = (
    *("--pull", "never", "--read-only", "--init", "--tmpfs", "/tmp", "--tmpfs", "/var/run/postgresql"),  # noqa: S108
    *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
)


@dataclass(frozen=True)
class Names:
    """The names of a stack's things on the host."""

    stack: str

    def of(self, part: str) -> str:
        """Returns the name of a container or volume."""
        return f"sertantai-{self.stack}-{part}"

    @property
    def folder(self) -> Path:
        """The stack's folder on the host, which no other user can read."""
        return stack_folder(self.stack)

    @property
    def begun(self) -> Path:
        """The file that names the volume of an unfinished recovery. Its content may be deleted; no other volume's."""
        return self.folder / "recovering"

    @property
    def prepared(self) -> Path:
        """The file that names the volume of a promotion that `up` has not completed yet."""
        return self.folder / "promoting"

    @classmethod
    def of_config(cls, volume: str) -> "Names":
        """Returns those of the stack whose volume of the backups' configuration this is."""
        return cls(volume.removeprefix("sertantai-").removesuffix("-backup-config"))

    def is_begun(self, volume: str) -> bool:
        """Whether an unfinished recovery has written to this volume."""
        return self.begun.exists() and self.begun.read_text() == volume

    def end(self, volume: str) -> None:
        """Records that the recovery to this volume is finished: nothing may delete its content any more."""
        if self.is_begun(volume):
            self.begun.unlink()

    def is_prepared(self, volume: str) -> bool:
        """Whether `up` has to complete a promotion to this volume."""
        return self.prepared.exists() and self.prepared.read_text() == volume

    def is_postgres(self, volume: str) -> bool:
        """Whether the platform, or a recovery, has made this volume for PostgreSQL."""
        return bool(re.fullmatch(rf"{re.escape(self.of('postgres'))}(-\d{{8}}T\d{{6}}Z)?", volume))

    def recovered(self) -> str | None:
        """Returns the id of the recovered cluster that is complete, or None."""
        try:
            return str(docker.inspect(self.of("recovered"))["Config"]["Labels"].get(RECOVERED, ""))
        except docker.NotFound:
            return None

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Allows one recovery at a time."""
        busy = "recover: another recovery is still running on the host; wait for its end"
        with lock.acquire(f"sertantai-{self.stack}-recovery", 0, busy):
            yield


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a backup is restored with: the image, the network to the repository, and the volumes of configuration."""

    image: str
    network: str
    mounts: Mapping[str, str]
    memory: int = 0
    repositories: Sequence[str] = ("repository",)
    """The names of their settings, where no running cluster tells what they have."""

    def words(self, name: str, *, stack: str, options: Sequence[str] = ()) -> list[str]:
        """Returns the options of `docker run` for a container that may reach the repository."""
        volumes = [f"--mount=type=volume,src={volume},dst={path},readonly" for path, volume in self.mounts.items()]
        return [
            *("--name", name, "--network", self.network, "--label", f"{STACK}={stack}", "--label", f"{PART}=recovered"),
            *(*HARDENED, *volumes),
            *(["--memory", str(self.memory)] if self.memory else []),
            *options,
        ]

    def status(self, stack: str) -> dict[str, Any]:
        """Returns the status of the backups: from the backup container, or from a new one if that is gone."""
        if docker.is_running(container := Names(stack).of("backup")):
            return dict(json.loads(backups.call(container, "status")))
        name = Names(stack).of("recovered-status")
        docker.remove(name)
        path = ["-e", f"PYTHONPATH={backups.CONFIG}/program", "--tmpfs", f"{backups.STATE}:mode=1777"]
        words = self.words(name, stack=stack, options=["--rm", "--user", "postgres", *path])
        program, *rest = backups.PROGRAM
        result = docker.run(
            "run", *words, "--entrypoint", program, self.image, *rest, "status", timeout_s=STATUS_TIMEOUT_S
        )
        if result.code:
            raise Failure(f"backup: its status cannot be read: {result.error.strip()}")
        return dict(json.loads(result.out))


@dataclass(frozen=True, kw_only=True)
class Running:
    """PostgreSQL's container as Docker describes it."""

    stack: str
    source: Source
    command: Sequence[str]
    volume: str
    shm: int
    owner: Mapping[str, str]
    """The labels by which a stack's runner finds its things."""

    @classmethod
    def read(cls, stack: str) -> "Running":
        """Reads it from Docker. Raises a `Failure` if there is none, or if it has no backups."""
        name = Names(stack).of("postgres")
        try:
            description = docker.inspect(name)
        except docker.NotFound:
            raise Failure(
                f"recover: there is no container {name}: run up first; for a new, empty server: "
                "`./sertantai recover --lost`"
            ) from None
        volumes = {mount["Destination"]: mount["Name"] for mount in description["Mounts"] if mount["Type"] == "volume"}
        networks = [*description["NetworkSettings"]["Networks"]]
        backup = next((each for each in networks if each.endswith("_backup")), None)
        if backups.CONFIG not in volumes or not backup:
            raise Failure("backup: PostgreSQL has no backups yet: declare sertantai:backup and run up")
        labels = description["Config"]["Labels"]
        host = description["HostConfig"]
        return cls(
            stack=stack,
            source=Source(
                image=description["Image"],
                network=backup,
                mounts={path: volumes[path] for path in (backups.CONFIG, backups.REPOSITORIES) if path in volumes},
                memory=host["Memory"],
            ),
            command=description["Config"]["Cmd"] or [],
            volume=volumes[DATA],
            shm=host["ShmSize"],
            owner={key: labels[key] for key in ("sertantai.owner",) if key in labels},
        )

    def settings(self, **others: str) -> list[str]:
        """Returns its command with other values of some settings."""
        names = {*others, "archive_command", "archive_timeout"}
        pairs = zip(self.command[1::2], self.command[2::2], strict=False)
        kept = [word for flag, pair in pairs if pair.partition("=")[0] not in names for word in (flag, pair)]
        return [self.command[0], *kept, *(word for item in others.items() for word in ("-c", "=".join(item)))]


def create_volume(name: str, like: str, labels: Mapping[str, str]) -> None:
    """Creates a volume of the stack, on the same disk as the volume `like`."""
    words: list[str] = []
    if device := _device(like):
        folder = device.with_name(name)
        folder.mkdir(exist_ok=True)
        words = [word for pair in ("type=none", "o=bind", f"device={folder}") for word in ("--opt", pair)]
    marks = [word for key, value in labels.items() for word in ("--label", f"{key}={value}")]
    docker.check_output("volume", "create", *words, *marks, name)


def remove_container(name: str, subject: str = "recover") -> None:
    """Removes a server's container, running or not. Raises a `Failure`: two servers on one volume would destroy it."""
    if not docker.remove(name):
        raise Failure(f"{subject}: container {name} cannot be removed; run the same command again")


def remove_volume(name: str) -> bool:
    """Removes a volume with its folder. Returns False for a missing one. Raises `docker.Refused` if it is in use."""
    try:
        device = _device(name)
    except docker.NotFound:
        return False
    docker.remove_volume(name)
    if device:
        system.check_output("rm", "-rf", "--one-file-system", str(device))
    return True


def _device(volume: str) -> Path | None:
    """Returns a volume's folder on the disk for data. None: it is in Docker's own folder. Raises `docker.NotFound`."""
    description = json.loads(docker.check_output("volume", "inspect", volume))[0]
    device = (description["Options"] or {}).get("device")
    return Path(device) if device else None
