"""electric-role: create Electric's role in a service's database, with the least rights, and its login.

Safe to run again: it changes an existing role to its declaration.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import files, fingerprints, psql
from .fingerprints import Fingerprint
from .login import Login
from .mask import Mask


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--owner", required=True, help="the role that owns the database")
    parser.add_argument("--group", required=True, help="the role that owns Electric's publication")
    parser.add_argument("--publication", help="Electric's, if the database is another service's")
    parser.add_argument("--connections", type=int, required=True, help="the connection limit of its login")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `login`, `password` and the login's `fingerprint`."""
    postgres = psql.Postgres(args.postgres)
    login = Login(
        name=inputs["login"],
        password=inputs["password"],
        database=args.database,
        role=args.group,
        connections=args.connections,
        replicates=True,
    )
    names = {"database": args.database, "owner": args.owner, "group": args.group}
    try:
        postgres.query(files.sql("electric_role"), names, exclusive=True)
        login.create(postgres)
        inside = {"service": args.service, "group": args.group, "publication": args.publication or ""}
        postgres.query(files.sql("electric_role_inside"), inside, database=args.database, exclusive=True)
        fingerprint = Fingerprint(f"electric-login/{args.service}", "login", login.name, inputs["fingerprint"])
        fingerprints.save(postgres, [fingerprint])
    except psql.SqlError as error:
        raise psql.failure(f"{args.service}/electric", error, Mask([inputs["password"]])) from None
