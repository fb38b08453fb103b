"""database: a service's database on the shared PostgreSQL, its owner, its logins and its extensions.

Safe to run again, on a cluster of any age: it brings what is there to what is declared.
"""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from . import files, fingerprints, psql
from .fingerprints import Fingerprint
from .login import Login
from .mask import Mask


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--owner", required=True, help="the role that owns it; nobody logs in as it")
    parser.add_argument("--connections", type=int, required=True, help="how many the app's login may open")
    parser.add_argument("--migrate-connections", type=int, help="how many the migrations' login may open")
    parser.add_argument("--lock-timeout", type=int, help="seconds that a migration's statement may wait for a lock")
    parser.add_argument("--postgres", required=True, help="its container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `password`, `extensions`; `login` and, with migrations, `migrate_login`, each with its fingerprint."""
    postgres = psql.Postgres(given.postgres)
    names = {"database": given.database, "owner": given.owner}
    inside = names | {"extensions": json.dumps(told["extensions"])}
    logins = _logins(given, told)
    try:
        postgres.ask(files.sql("database"), names, alone=True)
        for login in logins.values():
            login.make(postgres)
        print(postgres.ask(files.sql("database_inside"), inside, database=given.database, alone=True), end="")
        fingerprints.leave(
            postgres,
            [
                Fingerprint(f"{kind}/{given.service}", "login", login.name, told["fingerprints"][kind])
                for kind, login in logins.items()
            ],
        )
    except psql.SqlError as error:
        raise psql.failed(f"{given.service}/database", error, Mask([told["password"]])) from None


def _logins(given: argparse.Namespace, told: Mapping[str, Any]) -> dict[str, Login]:
    """The logins, by the kind of their fingerprints."""
    password, owner = told["password"], given.owner
    logins = {"login": Login(name=told["login"], password=password, role=owner, connections=given.connections)}
    if given.migrate_connections:
        # Of its own: its sessions can be told from the app's, and may wait for locks for a while only.
        logins["migrate-login"] = Login(
            name=told["migrate_login"],
            password=password,
            role=owner,
            connections=given.migrate_connections,
            lock_timeout_s=given.lock_timeout,
        )
    return logins
