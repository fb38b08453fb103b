"""Lets a promoted cluster archive again: what it wrote while archiving was off must reach the repository too."""

from . import docker, files, recovery
from .failure import Failure


def open_archive(stack: str, image: str, volume: str) -> None:
    """Marks its timeline's history and its full segments as ready. The cluster is stopped. Safe to run again."""
    name = recovery.Names(stack).of("recovered-ready")
    docker.remove(name)
    result = docker.run(
        *("run", "--rm", "--name", name, "--network", "none", "--pull", "never", "--user", "postgres"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *(f"--mount=type=volume,src={volume},dst={recovery.DATA}", "--entrypoint", "sh", image),
        *("-c", files.shell("wal_ready"), "sh", recovery.DATA),
    )
    if result.code:
        raise Failure(
            f"recover: the new timeline cannot be archived: {result.error.strip()}; run the same command again"
        )
