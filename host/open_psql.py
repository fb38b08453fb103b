"""open-psql: psql in PostgreSQL's container, as an app's own login or as the superuser.

Transactions are read-only unless --write is given. This prevents accidents: whoever types SET can lift it.
It has the caller's streams. Without a terminal, it goes on when the caller is gone, and runs as much as has arrived.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from .exec import become, behind_dashes
from .failure import Failure
from .psql import BUILT_IN, OWN_ROLE, SUPERUSER, Postgres, SqlError, no_answer
from .restored import find_login


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("database")
    parser.add_argument("--postgres", required=True, help="its container")
    parser.add_argument("--owner", help="the role that the app's logins become; without it, the superuser")
    parser.add_argument("--caller", default="", help="who calls: pg_stat_activity shows it")
    parser.add_argument("--write", action="store_true", help="transactions may write")
    parser.add_argument("--terminal", action="store_true", help="the caller has a terminal")
    parser.add_argument("words", nargs=argparse.REMAINDER, help="psql's own, behind --, after everything else")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """The exit code is psql's."""
    try:
        login = find_login(Postgres(args.postgres), args.database, args.owner) if args.owner else SUPERUSER
    except SqlError:
        raise no_answer("postgres") from None
    if not login:
        raise Failure(f"{args.database}: the database or its app's login does not exist yet: run up first")
    options = f"-c default_transaction_read_only={'off' if args.write else 'on'}"
    if not args.owner:
        # A database's owner could make the superuser call the owner's functions instead of built-in ones.
        options += f" {BUILT_IN} {OWN_ROLE}"
    environment = {
        "PGOPTIONS": options,
        "PGAPPNAME": f"psql {args.caller}".strip(),
        # What was typed may contain a secret, and the container has no place for it.
        "PSQL_HISTORY": "/dev/null",
    }
    command = ["psql", "-X", "-U", login, "-d", args.database, *behind_dashes(args.words)]
    become(args.postgres, command, terminal=args.terminal, environment=environment)
