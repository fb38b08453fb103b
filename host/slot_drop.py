"""slot-drop: drop the replication slot of an Electric that is stopped on purpose. Unread, it would fill the disk.

Safe to run again: it drops what exists.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import docker, files, psql
from .failure import Failure
from .retire import ELECTRIC, PART, SERVICE, STACK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--slot", required=True)
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Drops the slot, unless an Electric reads it: an adopted one may still serve under another name."""
    subject, names = f"{args.service}/electric", {"slot": args.slot}
    if docker.list_containers({STACK: args.stack, SERVICE: args.service, PART: ELECTRIC}, running=True):
        raise Failure(f"{subject}: still serves; run up again")
    postgres = psql.Postgres(args.postgres)
    try:
        postgres.query(files.sql("slot_leave"), names, database=args.database)
        is_left = bool(postgres.query(files.sql("slot_exists"), names).strip())
    except psql.SqlError as error:
        raise psql.failure(subject, error) from None
    if is_left:
        raise Failure(f"{subject}: another Electric reads its slot {args.slot}: stop that one, then run up again")
    print(f"{subject}: stopped on purpose; its slot is dropped, and it starts with empty shapes when it runs again")
