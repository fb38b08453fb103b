"""fingerprints: print the fingerprints of things that may drift and that Pulumi does not refresh. Changes nothing.

The step that creates such a thing stores a fingerprint with it. While the thing is unchanged, this verb prints the same
value; after drift, a different one. The value is an input of the step, which then runs again and stores the new one.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

from . import backup_config, connection, files, network, psql, slots, watch_config
from .failure import Failure
from .gateway import Gateway


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("--network", required=True)
    parser.add_argument("--gateway", required=True, help="nginx's container")
    parser.add_argument("--postgres", required=True, help="its container")
    parser.add_argument("--backup-network", help="if backups are declared")
    parser.add_argument("--watch", help="the watch container, if alerts are declared")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints the fingerprints by name, as JSON, without those of a server that does not answer. `restore`: one runs.

    Stdin: `containers`, those of sites that the platform did not make.
    """
    readers: list[Callable[[], dict[str, str]]] = [
        lambda: _by_name(Gateway(args.gateway).script("fingerprints").out),
        lambda: _by_name(psql.Postgres(args.postgres).query(files.sql("fingerprints"))),
        lambda: {"network": network.fingerprint(args.network)},
        lambda: {"restore": "runs"} if slots.restore_runs(args.stack) else {},
    ]
    if containers := inputs.get("containers"):
        readers.append(lambda: _connections(args.gateway, args.network, containers))
    if args.backup_network:
        readers.append(lambda: {"backup-network": network.fingerprint(args.backup_network)})
        readers.append(lambda: {"backup": backup_config.fingerprint(args.postgres)})
    if args.watch:
        readers.append(lambda: watch_config.fingerprints(args.watch))
    # Concurrently: each waits for Docker, and every preview waits for all of them.
    with ThreadPoolExecutor() as threads:
        results = threads.map(_read, readers)
        fingerprints = {name: value for result in results for name, value in result.items()}
    print(json.dumps(fingerprints, sort_keys=True))


@dataclass(frozen=True)
class Fingerprint:
    """The fingerprint (`mark`) of a thing in PostgreSQL. `kind` is how the thing is found by its name, `object`."""

    name: str
    kind: str
    object: str
    mark: str


def save(postgres: psql.Postgres, fingerprints: Sequence[Fingerprint]) -> None:
    """Stores the fingerprints of things that a step has created or checked."""
    text = json.dumps([asdict(fingerprint) for fingerprint in fingerprints])
    postgres.query(files.sql("fingerprints_save"), {"fingerprints": text}, exclusive=True)


def remove(postgres: psql.Postgres, service: str) -> None:
    """Removes all fingerprints of a service."""
    postgres.query(files.sql("fingerprints_remove"), {"service": service}, exclusive=True)


def _read(read: Callable[[], dict[str, str]]) -> dict[str, str]:
    try:
        return read()
    except Failure:
        return {}


def _connections(gateway: str, own: str, containers: Sequence[str]) -> dict[str, str]:
    connections = connection.read(gateway, own, containers)
    return {f"connection/{container}": found.state for container, found in connections.items()}


def _by_name(text: str) -> dict[str, str]:
    return {name: value for name, _, value in (line.partition(" ") for line in text.splitlines()) if value}
