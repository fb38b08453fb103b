"""watch: look at everything once, and tell who must know. The watch container calls it again and again."""

import argparse
import signal
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import alerts, look, on_purpose, registry_token, rules
from .failure import Failure
from .memory import Memory
from .times import iso
from .watch_config import ALERTS, DECLARED

MEMORY, STATUS = "memory.json", "status.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, help="of the files of watch-config, and of what is remembered")
    parser.add_argument("spare", type=Path, help="a folder in memory, while the disk of the other is full")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints what could not be sent."""
    kept, now = Memory(args.folder, args.spare), time.time()
    told = kept.read(f"{ALERTS}.json")
    if not told:
        raise Failure("alerts: the watch container's files are missing or broken; run up again")
    memory = kept.read(MEMORY)
    token = registry_token.look(told["registry"], memory, now) if told["registry"] else None
    declared = kept.read(f"{DECLARED}.json")
    declared.get("platform", {}).pop("watch", None)  # it need not ask itself
    seen = look.look(told["stack"], declared)
    problems = _problems({**seen, "watch": {"token": token}}, memory)
    addresses = alerts.Alerts(told["stack"], **told["alerts"])
    with _undisturbed():
        errors = alerts.tell(addresses, problems, memory, now, silent=seen["unreadable"])
        kept.write(MEMORY, memory)
    # `status` reads it: see look.py.
    kept.write(STATUS, {"at": iso(now), "errors": errors, "token": token})
    for error in errors:
        print(error, file=sys.stderr, flush=True)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Completes the block if the container is stopped: what is sent is remembered, or it would be told twice."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _problems(seen: Mapping[str, Any], memory: Mapping[str, Any]) -> dict[str, str]:
    """Returns what is wrong now. While something cannot be read, nothing that was wrong before is over."""
    found = {problem.key: problem.text for problem in rules.problems(on_purpose.without(seen))}
    return {**memory.get("open", {}), **found} if seen["unreadable"] else found
