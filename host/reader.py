"""reader: create a service's read-only login to another service's database.

Safe to run again: it creates what is missing, the database too, and changes the rest to its declaration.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import catalogue, files, fingerprints, psql, rights
from .fingerprints import Fingerprint
from .login import Login
from .mask import Mask


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("of", help="the service that owns the database")
    parser.add_argument("database")
    parser.add_argument("--owner", required=True, help="the role that owns the database")
    parser.add_argument("--group", required=True, help="the role of all its readers")
    parser.add_argument("--connections", type=int, required=True, help="the connection limit of the login")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `login`, `password` and the login's `fingerprint`."""
    postgres = psql.Postgres(args.postgres)
    names = {"database": args.database, "owner": args.owner, "group": args.group}
    login = Login(
        name=inputs["login"],
        password=inputs["password"],
        database=args.database,
        role=args.group,
        connections=args.connections,
    )
    subject = f"{args.service}/database/reads"
    try:
        # As the owner's own step does: it may not have run yet.
        postgres.query(files.sql("database"), names, exclusive=True)
        rights.create_group(postgres, names)
        with catalogue.wait_for_migration(args.postgres, args.database, subject):
            inside = {**names, "extensions": "[]"}
            print(postgres.query(files.sql("database_inside"), inside, database=args.database, exclusive=True), end="")
            postgres.query(files.sql("database_owner"), names, exclusive=True)
            rights.limit(postgres, names)
        login.create(postgres)
        fingerprint = Fingerprint(f"reads-{args.of}/{args.service}", "login", login.name, inputs["fingerprint"])
        fingerprints.save(postgres, [fingerprint])
    except psql.SqlError as error:
        raise psql.failure(subject, error, Mask([inputs["password"]])) from None
