"""recover-dump: write a database of the recovered cluster to stdout, as a restore needs it. Changes nothing."""

import argparse
import sys
import tempfile
from collections.abc import Mapping
from typing import Any

from . import docker, recovery, recovery_rows
from .failure import Failure
from .psql import SqlError


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("stack")
    parser.add_argument("database")
    parser.add_argument("--exclude", nargs="*", default=[], help="tables whose rows a restore does not load")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Runs pg_dump with a login that has the rights of the database's owner alone."""
    container = recovery.Names(args.stack).of("recovered")
    if not docker.is_running(container):
        raise Failure("recover: there is no recovered cluster: build one first with --to")
    try:
        owner = recovery_rows.databases(container).get(args.database)
        if not owner:
            raise Failure(f"--database: {args.database} did not exist at that moment, or it has no owner of its own")
        rows = recovery_rows.rows(container, args.database, owner)
        rows.create_login()
    except SqlError as error:
        raise Failure(f"recover: the recovered cluster does not answer: {error}") from None
    excluded = [f"--exclude-table-data={table}" for table in args.exclude]
    words = ["--format=custom", "--data-only", "--no-owner", "--no-acl", *excluded, f"--username={rows.login}"]
    try:
        with tempfile.TemporaryFile() as stderr:
            code = docker.pipe(
                "exec", container, "pg_dump", *words, args.database, stdout=sys.stdout.buffer, stderr=stderr
            ).wait()
            stderr.seek(0)
            if code:
                lines = stderr.read().decode(errors="replace").splitlines() or ["pg_dump did not start; try again"]
                raise Failure(f"recover: {lines[-1]}")
    finally:
        rows.drop_login()
