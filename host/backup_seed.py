"""backup-seed: before PostgreSQL's first start, refuse an empty cluster if a repository has backups of this platform.

A new cluster would take the place of the lost one. Safe to run again: it changes nothing, and it asks no repository if
PostgreSQL has data.
"""

import argparse
import json
import time
from collections.abc import Mapping
from typing import Any

from . import backups, lost_data, recovery
from .failure import Failure

DATA = "/data"
IO_TIMEOUT_S = 15
"""pgBackRest's own is a minute, for a repository that does not answer."""
EMPTY = (0, 1, 2, 3)
"""pgBackRest's states of a repository that it could read, also of one without backups."""


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
    volumes = {path: backups.read_only(name) for path, name in mounts.items()}
    for setting in inputs["repositories"]:
        if last := _last_backup(setting, image, volumes, args.network):
            lost_data.remember(volume=args.volume, image=image, network=args.network, mounts=mounts)
            raise Failure(
                f"backup/{setting}: holds the backups of this platform (last: {last}) and this server has no data: "
                "run `./sertantai recover --lost`, or choose another path"
            )


def _last_backup(setting: str, image: str, volumes: Mapping[str, str], network: str) -> str:
    """Returns when the last backup in a repository ended, or an empty text."""
    words = [f"--config={backups.CONFIGS[setting]}", f"--stanza={backups.STANZA}", "--output=json"]
    words.append(f"--io-timeout={IO_TIMEOUT_S}")
    result = backups.run_once(image, volumes, ["pgbackrest", *words, "info"], network=network)
    try:
        if result.code:
            raise ValueError(result.out + result.error)
        stanzas: list[dict[str, Any]] = json.loads(result.out)
        for stanza in stanzas:
            if stanza["status"]["code"] not in EMPTY:
                details = [each["status"].get("message", "") for each in stanza.get("repo", [])]
                raise ValueError(" ".join(details) or stanza["status"]["message"])
    except ValueError as error:
        raise Failure(
            f"backup/{setting}: cannot be read, and this server has no data, so it is unknown whether there are "
            f"backups of it: {str(error).strip()}; fix that, then run up again"
        ) from None
    ends = [backup["timestamp"]["stop"] for stanza in stanzas for backup in stanza.get("backup", [])]
    return time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(max(ends))) if ends else ""
