"""electric-role-remove: Electric is no longer declared: its slot, its publication and its logins go.

Safe to run again: it looks at what is there.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import docker, files, logins, psql
from .failure import Failure
from .retire import PART, SERVICE, STACK


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--group", required=True, help="the role that its logins become")
    parser.add_argument("--slot", required=True)
    parser.add_argument("--publication", required=True)
    parser.add_argument("--postgres", required=True, help="its container")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Drops them, unless an Electric of the service still runs: a release that failed may have left it to serve."""
    what = f"{given.service}/electric"
    if docker.names({STACK: given.stack, SERVICE: given.service, PART: "electric"}, running=True):
        raise Failure(f"{what}: still serves; run up again")
    postgres = psql.Postgres(given.postgres)
    names = {"slot": given.slot, "publication": given.publication}
    try:
        if logins.is_there(postgres, given.database):
            postgres.ask(files.sql("electric_role_remove"), names, database=given.database, alone=True)
        logins.drop(postgres, given.database, role=given.group, prefix=given.group)
    except psql.SqlError as error:
        raise psql.failed(what, error) from None
