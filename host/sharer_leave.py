"""sharer-leave: drop what a service has on another service's database that it no longer uses.

Safe to run again, and next to the removal of the service: it drops what exists.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import files, logins, psql
from .electric_role_remove import drop_slot

TAKEN = "SELECT 1 FROM pg_publication WHERE pubname = :'publication' AND pg_get_userbyid(pubowner) <> :'group';"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Drops slot, publication, logins and group, except what the service uses on another database by now.

    Stdin: `owner`, the role that the logins of its app become, and `prefix`, how their names begin; `group`, the role
    that the logins of its Electric become; `slot` and `publication`, if it has an Electric.
    """
    postgres, database, own = psql.Postgres(args.postgres), args.database, f"/{args.service}$"
    owner, group, prefix = inputs["owner"], inputs["group"], inputs["prefix"]
    names = {"database": database, "owner": owner, "group": group, "prefix": prefix}
    try:
        is_there = logins.database_exists(postgres, database)
        if is_there and "slot" in inputs and not _is_taken(postgres, database, inputs):
            drop_slot(postgres, database, inputs["slot"], inputs["publication"])
        moved = postgres.query(files.sql("sharer_leave"), names, exclusive=True).split()
        logins.drop(postgres, database, role=owner, prefix=prefix, own=own)
        if group not in moved:
            logins.drop(postgres, database, role=group, prefix=group, own=own)
            if is_there:
                logins.drop_group(postgres, database, group)
    except psql.SqlError as error:
        raise psql.failure(f"{args.service}/database", error) from None


def _is_taken(postgres: psql.Postgres, database: str, inputs: Mapping[str, Any]) -> bool:
    """Whether the service owns the database now: its Electric has taken slot and publication over."""
    names = {"publication": inputs["publication"], "group": inputs["group"]}
    return bool(postgres.query(TAKEN, names, database=database).strip())
