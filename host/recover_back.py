"""recover-back: let an old volume's cluster begin a new timeline, before `up` makes it the running one again.

On its own timeline, nothing would tell what it writes from now on from what it wrote before. Safe to run again: each
run begins a timeline.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import archived, backups, docker, recovery, recovery_archive, recovery_restore
from .failure import Failure

START = 'touch "$PGDATA/recovery.signal" && exec "$@"'
SETTINGS = {
    **recovery_restore.SETTINGS,
    "restore_command": f'pgbackrest --stanza={backups.STANZA} archive-get %f "%p"',
    "recovery_target_timeline": "current",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("volume")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Ends with a stopped cluster in the volume."""
    names = recovery.Names(args.stack)
    with names.locked():
        running = recovery.Running.read(args.stack)
        if running.volume == args.volume:
            print(f"recover: {args.volume} is the running cluster's already")
            return
        _check(names, running, args.volume)
        # PostgreSQL takes a repository that does not answer for one without any timeline.
        recovery_archive.check_timeline(running.source, args.volume)
        archived.mark(args.stack, names=names)
        recovery_archive.check_timeline(running.source, running.volume, archived=True)
        _begin_timeline(names, running, args.volume)
        recovery_archive.check_timeline(running.source, args.volume)
        recovery_archive.open_archive(args.stack, running.source, args.volume)
        print(f"recover: the volume {args.volume} is ready; the current one, {running.volume}, is kept")


def _check(names: recovery.Names, running: recovery.Running, volume: str) -> None:
    if not names.is_postgres(volume):
        raise Failure(f"--back: {volume} is no volume of PostgreSQL that the platform has made")
    # Its timeline may have the number that this one would begin, and is in no repository yet.
    if names.recovered() is not None or (names.prepared.exists() and not names.is_prepared(running.volume)):
        raise Failure("--back: there is a recovered cluster: promote it, or remove it: `./sertantai recover --drop`")
    if names.is_begun(volume):
        raise Failure(f"--back: the recovery to {volume} is unfinished: `./sertantai recover --drop` removes it")
    if volume not in docker.check_output("volume", "ls", "-q").split():
        raise Failure(f"--back: there is no volume {volume}")
    if users := docker.check_output("ps", "-aq", "--filter", f"volume={volume}").split():
        raise Failure(f"--back: {volume} is in use by container {users[0]}")
    mount = {recovery.DATA: backups.read_only(volume)}
    test = ["test", "-s", f"{recovery.DATA}/PG_VERSION"]
    found = backups.run_once(running.source.image, mount, test, user="root", capabilities=["DAC_OVERRIDE"])
    if found.code:
        raise Failure(f"--back: the volume {volume} has no cluster")


def _begin_timeline(names: recovery.Names, running: recovery.Running, volume: str) -> None:
    """Ends with the stopped cluster on a timeline of its own."""
    container = names.of("recovered-build")
    docker.remove(container)
    data = f"--mount=type=volume,src={volume},dst={recovery.DATA}"
    options = ["-d", data, "-e", f"PGDATA={recovery.DATA}", "--user", "postgres", "--entrypoint", "sh"]
    words = running.source.words(container, stack=names.stack, options=options)
    docker.check_output("run", *words, running.source.image, "-c", START, "sh", *running.settings(**SETTINGS))
    if recovery_restore.await_promotion(container):
        docker.stop([container], 300)
        recovery.remove_container(container, "--back")
        return
    lines = "\n".join(f"    {line}" for line in docker.logs(container, 8))
    raise Failure(f"--back: the cluster in {volume} does not start:\n{lines}")
