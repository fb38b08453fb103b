"""The backup container, and temporary containers that read and write its volumes."""

from collections.abc import Mapping, Sequence

from . import docker
from .failure import Failure

CONFIG = "/etc/pgbackrest"
STATE = "/var/lib/backup"
REPOSITORIES = "/var/lib/pgbackrest"
STANZA = "main"
CONFIGS = {"repository": f"{CONFIG}/pgbackrest.conf", "second": f"{CONFIG}/second.conf"}
"""pgBackRest's configuration of each repository, by its setting."""
TIMEOUT_S = 300
PROGRAM = ["python3", "-m", "host.backup"]


def call(container: str, *words: str, timeout_s: float | None = None) -> str:
    """Runs a word of the program in the backup container. Returns the JSON that it prints. Raises its `Failure`, and
    `docker.TooSlow` after `timeout_s`.
    """
    result = docker.execute(container, [*PROGRAM, *words], timeout_s=timeout_s)
    if timeout_s and result.code == docker.TIMED_OUT:
        raise docker.TooSlow(result.error)
    if result.code and not docker.is_running(container):
        raise Failure(f"backup: its container {container} does not run (docker logs {container}); run up again")
    if result.code:
        raise Failure(result.error.strip() or f"backup: {container} gives no reason for exit code {result.code}")
    return result.out


def run_once(
    image: str,
    volumes: Mapping[str, str],
    command: Sequence[str],
    *,
    network: str = "none",
    user: str = "postgres",
    capabilities: Sequence[str] = (),
    stdin: str = "",
) -> docker.Output:
    """Runs a command in a temporary container of PostgreSQL's image. `volumes` are options by the path in it."""
    return docker.run(
        *("run", "--rm", "-i", "--init", "--pull", "never", "--network", network, "--user", user),
        *("--log-driver", "none"),  # it may print the passphrase to this program
        *("--read-only", "--tmpfs", "/tmp", "--security-opt", "no-new-privileges", "--cap-drop", "ALL"),  # noqa: S108
        *(word for capability in capabilities for word in ("--cap-add", capability)),
        # Without nocopy, Docker would fill an empty volume with the image's files.
        *(f"--mount=type=volume,volume-nocopy,dst={path},src={volume}" for path, volume in volumes.items()),
        *("--entrypoint", command[0], image, *command[1:]),
        stdin=stdin,
        timeout_s=TIMEOUT_S,
    )


def read_only(volume: str) -> str:
    """Returns the option of a volume that `run_once` mounts read-only."""
    return f"{volume},readonly"
