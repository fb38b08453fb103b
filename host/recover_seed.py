"""recover-seed: fill the empty data volume of a new server from the repository, before PostgreSQL's first start.

Safe to run again: an interrupted one begins again, and a volume with other data is refused.
"""

import argparse
import time
from collections.abc import Mapping, Sequence
from typing import Any

from . import backups, docker, lost_data, recovery, recovery_archive, stanzas
from .failure import Failure
from .recovery_plan import NEWEST, Plan, Target, parse, plans_of_a_lost_server
from .recovery_restore import OtherHistory, Restore


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("target", help=f"{NEWEST}, a time, or a restore point")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Ends with a promoted, stopped cluster in the volume."""
    target = parse(args.target)
    names = recovery.Names(args.stack)
    with names.locked():
        if docker.is_running(names.of("postgres")):
            raise Failure(
                "--lost: PostgreSQL runs on this server, so its data is not lost; "
                "`./sertantai recover --to` brings back an earlier moment"
            )
        source, volume = lost_data.read(args.stack)
        if _has_data(source.image, volume) and not names.is_begun(volume):
            raise Failure(f"--lost: the volume {volume} has data, which a recovery would delete: run up")
        docker.remove(names.of("postgres"))  # after a lost disk, a container without data is left
        ways = _ways(source, target)
        names.begun.write_text(volume)
        begun = time.monotonic()
        reached = _restore(args.stack, source, volume, ways)
        recovery_archive.open_archive(args.stack, source, volume)
        names.end(volume)
        print(
            f"recover: everything until {reached} UTC is in {volume} after {time.monotonic() - begun:.0f} s: now run up"
        )


def _restore(stack: str, source: recovery.Source, volume: str, ways: Sequence[Plan]) -> str:
    """Restores by the first way that leads to the timeline. Returns the time of the last recovered commit."""
    for way in ways:
        print(f"recover: restoring {way.shown} into the volume {volume}", flush=True)
        restore = Restore(stack=stack, source=source, volume=volume, plan=way)
        try:
            reached = restore.run()
        except OtherHistory as other:
            if way is ways[-1]:
                raise
            print(f"{other}; trying an older one", flush=True)
            continue
        restore.stop()
        return reached
    raise Failure("--lost: there is no backup")


def _ways(source: recovery.Source, target: Target | None) -> Sequence[Plan]:
    """Returns how to recover from the first repository that can. Says why one cannot."""
    reasons = []
    for setting in source.repositories:
        try:
            found = stanzas.read(setting, source.image, source.mounts, source.network)
            ways = plans_of_a_lost_server(target, found, setting)
        except stanzas.Unreadable as error:
            reasons.append(f"backup/{setting}: cannot be read: {error}")
        except Failure as failure:
            reasons.append(str(failure))
        else:
            for reason in reasons:
                print(reason, flush=True)
            return ways
    raise Failure("\n".join(reasons))


def _has_data(image: str, volume: str) -> bool:
    command = ["find", recovery.DATA, "-mindepth", "1", "-print", "-quit"]
    mount = {recovery.DATA: backups.read_only(volume)}
    result = backups.run_once(image, mount, command, user="root", capabilities=["DAC_OVERRIDE"])
    if result.code:
        raise Failure(f"--lost: the volume {volume} cannot be read: {result.error.strip()}")
    return bool(result.out)
