"""backup-role: create the role of backups, which reads every database and changes nothing.

Safe to run again: it ends with the same role. A new password is valid at once, and open sessions stay.
"""

import argparse
from collections.abc import Mapping
from typing import Any

from . import files, fingerprints, psql
from .fingerprints import Fingerprint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("role")
    parser.add_argument("--postgres", required=True, help="its container")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Stdin: `password`; `fingerprint`, which is stored for the role."""
    postgres = psql.Postgres(args.postgres)
    try:
        postgres.query(files.sql("backup_role"), {"role": args.role, "password": inputs["password"]}, exclusive=True)
        fingerprints.save(postgres, [Fingerprint("login/backup", "login", args.role, inputs["fingerprint"])])
    except psql.SqlError as error:
        raise psql.failure("backup", error) from None
