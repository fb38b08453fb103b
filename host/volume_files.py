"""Fills a volume with files from restic's repository, in a temporary container."""

import json
import secrets
from collections.abc import Mapping
from typing import Any

from . import backups, docker, lost_data, recovery
from .failure import Failure

RESTORED = "/restored"
# To give each file its owner and mode, also to the files of other users.
CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID")


def source(stack: str) -> tuple[recovery.Source, str]:
    """Returns what to restore with, and PostgreSQL's volume, which is on the disk for data if there is one."""
    if not docker.exists(recovery.Names(stack).of("postgres")):
        return lost_data.read(stack)
    running = recovery.Running.read(stack)
    return running.source, running.volume


def fill(source: recovery.Source, stack: str, name: str, volume: str, *words: str) -> dict[str, Any]:
    """Calls a word of the program on a volume of Docker's; `name` is its name in the backups. Returns its answer."""
    container = recovery.Names(stack).of(f"files-{secrets.token_hex(4)}")
    options = [
        *("--rm", "--user", "root", *(word for capability in CAPABILITIES for word in ("--cap-add", capability))),
        *("-e", f"PYTHONPATH={backups.CONFIG}/program"),
        f"--mount=type=volume,volume-nocopy,src={volume},dst={RESTORED}/{name}",
    ]
    program, *rest = backups.PROGRAM
    words = (*rest, words[0], name, *words[1:])
    result = docker.run(
        *("run", *source.words(container, stack=stack, options=options), "--entrypoint", program, source.image, *words)
    )
    if result.code:
        raise Failure(f"{name}: its files cannot be restored: {result.error.strip()}")
    answer: dict[str, Any] = json.loads(result.out)
    return answer


def describe(answer: Mapping[str, Any]) -> str:
    """Returns which snapshot was restored."""
    size = f"{answer['files']:,} files, {answer['bytes'] / 1e6:,.1f} MB"
    return f"the snapshot of {answer['time']} ({size}, from backup/{answer['repository']})"
