"""electric-role: Electric's role in a service's database, with no more than it needs, and its login.

Safe to run again: it brings what is there to what is declared.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import files, fingerprints, psql
from .fingerprints import Fingerprint
from .login import Login
from .mask import Mask


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--owner", required=True, help="the role that owns the database")
    parser.add_argument("--group", required=True, help="the role that owns Electric's publication")
    parser.add_argument("--connections", type=int, required=True, help="how many its login may open")
    parser.add_argument("--postgres", required=True, help="its container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Stdin: `login`, `password` and `fingerprint`, which is left for the login."""
    postgres = psql.Postgres(given.postgres)
    login = Login(
        name=told["login"],
        password=told["password"],
        role=given.group,
        connections=given.connections,
        replicates=True,
    )
    names = {"database": given.database, "owner": given.owner, "group": given.group}
    try:
        postgres.ask(files.sql("electric_role"), names, alone=True)
        login.make(postgres)
        postgres.ask(files.sql("electric_role_inside"), {"group": given.group}, database=given.database, alone=True)
        left = Fingerprint(f"electric-login/{given.service}", "login", login.name, told["fingerprint"])
        fingerprints.leave(postgres, [left])
    except psql.SqlError as error:
        raise psql.failed(f"{given.service}/electric", error, Mask([told["password"]])) from None
