"""sharer-leave: drop what a service has on another service's database that it no longer uses.

Safe to run again, and next to the removal of the service: it drops what exists.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import files, logins, psql

TAKEN = "SELECT 1 FROM pg_publication WHERE pubname = :'publication' AND pg_get_userbyid(pubowner) <> :'group';"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--owner", required=True, help="the role that the logins of its app become")
    parser.add_argument("--prefix", required=True, help="how the names of these logins begin")
    parser.add_argument("--group", required=True, help="the role that the logins of its Electric become")
    parser.add_argument("--slot", help="Electric's")
    parser.add_argument("--publication", help="Electric's")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Drops slot, publication, logins and group, except what the service uses on another database by now."""
    postgres, database, group = psql.Postgres(args.postgres), args.database, args.group
    names = {"database": database, "owner": args.owner, "group": group, "prefix": args.prefix}
    try:
        is_there = logins.database_exists(postgres, database)
        if is_there and args.slot:
            _drop_slot(postgres, database, {"slot": args.slot, "publication": args.publication, "group": group})
        moved = postgres.query(files.sql("sharer_leave"), names, exclusive=True).split()
        logins.drop(postgres, database, role=args.owner, prefix=args.prefix)
        if group not in moved:
            logins.drop(postgres, database, role=group, prefix=group)
            if is_there:
                logins.drop_group(postgres, database, group)
    except psql.SqlError as error:
        raise psql.failure(f"{args.service}/database", error) from None


def _drop_slot(postgres: psql.Postgres, database: str, names: Mapping[str, str]) -> None:
    """Drops slot and publication, unless the service owns the database now: its Electric has taken them over."""
    if not postgres.query(TAKEN, names, database=database).strip():
        text = files.sql("slot_leave") + files.sql("electric_role_remove")
        postgres.query(text, names, database=database, exclusive=True)
