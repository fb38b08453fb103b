"""Lets a promoted cluster archive again: what it wrote while archiving was off must reach the repository too."""

from . import backups, docker, files, recovery
from .backup.pgbackrest import QUICK_S
from .failure import Failure

FREE, OTHER = 10, 11
"""Exit codes of wal_timeline.sh."""


def open_archive(stack: str, source: recovery.Source, volume: str) -> None:
    """Marks its timeline's history and its full segments as ready. The cluster is stopped. Safe to run again."""
    name = recovery.Names(stack).of("recovered-ready")
    docker.remove(name)
    result = docker.run(
        *("run", "--rm", "--name", name, "--network", "none", "--pull", "never", "--user", "postgres"),
        *("--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
        *(f"--mount=type=volume,src={volume},dst={recovery.DATA}", "--entrypoint", "sh", source.image),
        *("-c", files.shell("wal_ready"), "sh", recovery.DATA),
    )
    if result.code:
        raise Failure(
            f"recover: the new timeline cannot be archived: {result.error.strip()}; run the same command again"
        )


def check_timeline(source: recovery.Source, volume: str, *, archived: bool = False) -> None:
    """Raises a `Failure` if the repository has another timeline of the cluster's number, or does not answer.

    Two timelines of one number would be mixed, and neither could be recovered. `archived`: the repository must have it,
    or a cluster that begins a timeline would take its number.
    """
    mounts = {recovery.DATA: volume, **source.mounts}
    volumes = {path: backups.read_only(name) for path, name in mounts.items()}
    words = ["sh", "-c", files.shell("wal_timeline"), "sh", recovery.DATA, QUICK_S]
    result = backups.run_once(source.image, volumes, words, network=source.network)
    if result.code == OTHER:
        raise Failure(
            f"recover: the repository has another timeline with the number of that in {volume}, so this cluster cannot "
            "archive: recover that moment again: `./sertantai recover --to`"
        )
    if result.code not in (0, FREE):
        raise Failure(
            "backup/repository: does not answer, so it is unknown which timelines it has: "
            f"{(result.error or result.out).strip()}; fix that, then run the same command again"
        )
    if archived and result.code == FREE:
        raise Failure(
            "recover: the repository does not have the running cluster's timeline yet: see "
            "`./sertantai backup status`, then run the same command again"
        )
