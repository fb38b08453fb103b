"""recover-compare: print what would be lost if the recovered cluster became the running one. Changes nothing."""

import argparse
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from . import docker, recovery, recovery_plan, recovery_rows
from .failure import Failure
from .psql import Postgres, SqlError

NOW = "SELECT now() AT TIME ZONE 'UTC';"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("--brief", action="store_true", help="without the databases")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints it as JSON: the moment, and for each database the tables whose numbers of rows differ."""
    names = recovery.Names(args.stack)
    recovered, running = names.of("recovered"), names.of("postgres")
    try:
        description = docker.inspect(recovered)
    except docker.NotFound:
        if names.prepared.exists():
            since = datetime.fromtimestamp(names.prepared.stat().st_mtime, recovery_plan.UTC).isoformat()
            print(json.dumps({"volume": names.prepared.read_text(), "prepared": since}))
            return
        raise Failure("recover: there is no recovered cluster: build one first with --to") from None
    labels = description["Config"]["Labels"]
    found = {"id": labels[recovery.RECOVERED], "reached": labels.get(recovery.REACHED, "")}
    if args.brief:
        print(json.dumps(found))
        return
    volumes = [mount["Name"] for mount in description["Mounts"] if mount["Destination"] == recovery.DATA]
    try:
        there, here = recovery_rows.databases(recovered), recovery_rows.databases(running)
        now = Postgres(running).query(NOW).strip()
    except SqlError as error:
        raise Failure(f"recover: the clusters cannot be compared: {error}") from None
    print(
        json.dumps(
            {
                **found,
                "volume": volumes[0],
                "now": now,
                "only_here": sorted({*here} - {*there}),
                "only_there": sorted({*there} - {*here}),
                "databases": {
                    name: _differences(
                        recovery_rows.count_or_nothing(recovered, name, there[name]),
                        recovery_rows.count_or_nothing(running, name, here[name]),
                    )
                    for name in sorted({*there} & {*here})
                },
            }
        )
    )


def _differences(there: Mapping[str, int] | None, here: Mapping[str, int] | None) -> dict[str, Any] | None:
    """Returns the tables with different numbers of rows, and how many are equal. None: not counted."""
    if there is None or here is None:
        return None
    tables = sorted({*there} | {*here})
    return {
        "equal": sum(there.get(table) == here.get(table) for table in tables),
        "differ": {
            table: [there.get(table), here.get(table)] for table in tables if there.get(table) != here.get(table)
        },
    }
