"""backup-seed: before PostgreSQL's first start, refuse an empty cluster if a repository has backups of this platform.

A new cluster would take the place of the lost one. Safe to run again: it changes nothing, and it asks no repository if
PostgreSQL has data.
"""

import argparse
import time
from collections.abc import Mapping
from typing import Any

from . import backups, lost_data, recovery, stanzas
from .failure import Failure

DATA = "/data"
UNKNOWN = "this server has no data, so it is unknown whether there are backups of it"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("volume", help="of PostgreSQL's data")
    parser.add_argument("--config", required=True, help="the volume of the backup's files")
    parser.add_argument("--network", required=True, help="of the backup containers")
    parser.add_argument("--repository", help="the volume of local repositories")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `image`, PostgreSQL's; `repositories`, the names of their settings; `fingerprint`, that of the backup's
    files, so that the step runs again on a new server.
    """
    image: str = inputs["image"]
    command = ["test", "-s", f"{DATA}/global/pg_control"]
    volume = {DATA: backups.read_only(args.volume)}
    found = backups.run_once(image, volume, command, user="root", capabilities=["DAC_OVERRIDE"])
    if found.code > 1:
        raise Failure(f"postgres: its data volume {args.volume} cannot be read: {found.error.strip()}; run up again")
    if found.code == 0:
        # While an interrupted recovery replays the log, this file is there too.
        if recovery.Names.of_config(args.config).is_begun(args.volume):
            raise Failure(
                f"postgres: the recovery of its data volume {args.volume} is unfinished: "
                "run `./sertantai recover --lost` again, then up"
            )
        lost_data.forget(args.config)
        return
    mounts = {backups.CONFIG: args.config} | ({backups.REPOSITORIES: args.repository} if args.repository else {})
    unreadable = []
    for setting in inputs["repositories"]:
        try:
            last = _last_backup(stanzas.read(setting, image, mounts, args.network))
        except stanzas.Unreadable as error:
            unreadable.append(f"backup/{setting}: cannot be read, and {UNKNOWN}: {error}; fix that, then run up again")
            continue
        if last:
            lost_data.remember(
                volume=args.volume,
                image=image,
                network=args.network,
                mounts=mounts,
                repositories=inputs["repositories"],
            )
            raise Failure(
                f"backup/{setting}: holds the backups of this platform (last: {last}) and this server has no data: "
                "run `./sertantai recover --lost`, or choose another path"
            )
    if unreadable:
        raise Failure("\n".join(unreadable))


def _last_backup(found: list[Mapping[str, Any]]) -> str:
    """Returns when the last backup of a repository ended, or an empty text."""
    ends = [backup["timestamp"]["stop"] for stanza in found for backup in stanza.get("backup", [])]
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(max(ends))) if ends else ""
