"""database: create a service's database on the shared PostgreSQL, with its owner, logins and extensions.

Safe to run again, on a cluster of any age: it changes an existing database to its declaration.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from . import files, fingerprints, psql
from .failure import Failure
from .fingerprints import Fingerprint
from .login import Login
from .mask import Mask


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--owner", required=True, help="the role that owns it; it cannot log in")
    parser.add_argument("--connections", type=int, required=True, help="the connection limit of the app's login")
    parser.add_argument("--migrate-connections", type=int, help="the connection limit of the migrations' login")
    parser.add_argument("--lock-timeout", type=int, help="seconds that a migration's statement may wait for a lock")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `password`, `extensions`; `login` and, with migrations, `migrate_login`, each with its fingerprint.

    `superuser_extensions`: those of the extensions that may be created although they are not trusted.
    """
    postgres = psql.Postgres(args.postgres)
    names = {"database": args.database, "owner": args.owner}
    inside = names | {"extensions": json.dumps(inputs["extensions"])}
    logins = _logins(args, inputs)
    try:
        postgres.query(files.sql("database"), names, exclusive=True)
        _refuse_untrusted(args, postgres, inputs["extensions"], inputs.get("superuser_extensions", []))
        for login in logins.values():
            login.create(postgres)
        print(postgres.query(files.sql("database_inside"), inside, database=args.database, exclusive=True), end="")
        postgres.query(files.sql("database_owner"), names, exclusive=True)
        fingerprints.save(
            postgres,
            [
                Fingerprint(f"{kind}/{args.service}", "login", login.name, inputs["fingerprints"][kind])
                for kind, login in logins.items()
            ],
        )
    except psql.SqlError as error:
        raise psql.failure(f"{args.service}/database", error, Mask([inputs["password"]])) from None


def _refuse_untrusted(
    args: argparse.Namespace, postgres: psql.Postgres, extensions: Sequence[str], allowed: Sequence[str]
) -> None:
    """Raises a `Failure` for new extensions that PostgreSQL does not trust and that the operator has not allowed.

    It does not know their places in the stack file: those of a shared database are declared at several services.
    Extensions are created as the superuser: an untrusted one may give an app the superuser's rights.
    """
    if not (names := [name for name in extensions if name not in allowed]):
        return
    answer = postgres.query(files.sql("untrusted"), {"extensions": json.dumps(names)}, database=args.database)
    if untrusted := answer.splitlines():
        raise Failure(
            "\n".join(
                f"services/{args.service}/database/extensions: {name} is not trusted: an app may get more rights by "
                "it. If it may have them, add it to postgres/superuser_extensions"
                for name in untrusted
            )
        )


def _logins(args: argparse.Namespace, inputs: Mapping[str, Any]) -> dict[str, Login]:
    """Returns the logins, by the kind of their fingerprints."""
    password, database, owner = inputs["password"], args.database, args.owner
    login = Login(name=inputs["login"], password=password, database=database, role=owner, connections=args.connections)
    logins = {"login": login}
    if args.migrate_connections:
        # A separate login: its sessions can be found, and they have a lock timeout.
        logins["migrate-login"] = Login(
            name=inputs["migrate_login"],
            password=password,
            database=database,
            role=owner,
            connections=args.migrate_connections,
            lock_timeout_s=args.lock_timeout,
        )
    return logins
