"""electric-role-remove: drop the slot, publication and logins of an Electric that is no longer declared.

Safe to run again: it drops what exists.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import docker, files, logins, psql
from .failure import Failure
from .retire import PART, SERVICE, STACK


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--group", required=True, help="the role that its logins become")
    parser.add_argument("--slot", required=True)
    parser.add_argument("--publication", required=True)
    parser.add_argument(
        "--drop-group", action="store_true", help="drop the group too: the database is another service's"
    )
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Drops them, unless an Electric of the service still runs: after a failed release it may still serve."""
    subject = f"{args.service}/electric"
    if docker.list_containers({STACK: args.stack, SERVICE: args.service, PART: "electric"}, running=True):
        raise Failure(f"{subject}: still serves; run up again")
    postgres = psql.Postgres(args.postgres)
    try:
        is_there = logins.database_exists(postgres, args.database)
        if is_there:
            drop_slot(postgres, args.database, args.slot, args.publication)
        logins.drop(postgres, args.database, role=args.group, prefix=args.group, own=f"/{args.service}$")
        if is_there and args.drop_group:
            logins.drop_group(postgres, args.database, args.group)
    except psql.SqlError as error:
        raise psql.failure(subject, error) from None


def drop_slot(postgres: psql.Postgres, database: str, slot: str, publication: str) -> None:
    """Drops slot and publication of an Electric, unless another Electric reads the slot."""
    text = files.sql("slot_leave") + files.sql("electric_role_remove")
    postgres.query(text, {"slot": slot, "publication": publication}, database=database, exclusive=True)
