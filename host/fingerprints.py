"""fingerprints: what may have been changed by hand, though Pulumi does not refresh it. Changes nothing.

A step that makes such a thing leaves a fingerprint with it. As long as the thing is as the step left it, reading gives
the same value again; once somebody changed it, another one. The value is part of the step, which then runs again and
leaves the new one.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from . import files, network, psql
from .failure import Failure
from .gateway import Gateway


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--network", required=True)
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--postgres", required=True, help="its container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Prints the fingerprints by name, as JSON. What does not answer has none."""
    reads: list[Callable[[], dict[str, str]]] = [
        lambda: _by_name(Gateway(given.gateway).script("fingerprints").out),
        lambda: _by_name(psql.Postgres(given.postgres).ask(files.sql("fingerprints"))),
        lambda: {"network": network.fingerprint(given.network)},
    ]
    # Side by side: each waits for Docker, and every preview waits for all of them.
    with ThreadPoolExecutor() as threads:
        answers = threads.map(_answer, reads)
        fingerprints = {name: value for answer in answers for name, value in answer.items()}
    print(json.dumps(fingerprints, sort_keys=True))


@dataclass(frozen=True)
class Fingerprint:
    """What is left for a thing in PostgreSQL: `kind` says how the thing is looked for by its name, `object`."""

    name: str
    kind: str
    object: str
    mark: str


def leave(postgres: psql.Postgres, left: Sequence[Fingerprint]) -> None:
    """Leaves fingerprints for things that a step has made, or found as they should be."""
    text = json.dumps([asdict(fingerprint) for fingerprint in left])
    postgres.ask(files.sql("fingerprints_leave"), {"fingerprints": text}, alone=True)


def forget(postgres: psql.Postgres, service: str) -> None:
    """Removes all fingerprints of a service."""
    postgres.ask(files.sql("fingerprints_forget"), {"service": service}, alone=True)


def _answer(read: Callable[[], dict[str, str]]) -> dict[str, str]:
    try:
        return read()
    except Failure:
        return {}


def _by_name(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition(" ") for line in text.splitlines()) if value}
