"""restore-check: print what prevents the restore of a dump into a database. Changes nothing."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from .failure import Failure
from .fit import Fit
from .psql import Postgres, SqlError
from .restored import find_login


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--postgres", required=True, help="its container")
    parser.add_argument("--replace", action="store_true", help="delete the tables' rows first")
    parser.add_argument("--disable-triggers", action="store_true", help="run no triggers, check no foreign keys")


def run(args: argparse.Namespace, inputs: Mapping[str, Any]) -> None:
    """Prints `problems` and `notes`, lists of lines, as JSON. Both are empty without a dump or a database: then
    `compared` is false.

    Stdin: `owner`, the role that the app's logins become; `dump`, its description; `size_mb` of its rows; `file_mb`.
    """
    postgres = Postgres(args.postgres)
    problems: list[str] = []
    notes: list[str] = []
    login = ""
    try:
        login = find_login(postgres, args.database, inputs["owner"]) if "dump" in inputs else ""
        if login:
            fit = new_fit(args, inputs, preview=True)
            facts = fit.facts(lambda sql, names: postgres.query(sql, names, database=args.database, user=login))
            problems, notes = fit.problems(facts), fit.notes(facts)
    except SqlError as error:
        if "ERROR:" in str(error):  # otherwise PostgreSQL does not answer
            problems = [f"services/{args.service}/restore: {error}"]
    except Failure:
        pass
    print(json.dumps({"problems": problems, "notes": notes, "compared": bool(login)}))


def new_fit(args: argparse.Namespace, inputs: Mapping[str, Any], *, preview: bool = False) -> Fit:
    """Returns the `Fit` for the arguments and stdin of this verb, or of restore-load."""
    return Fit(
        service=args.service,
        database=args.database,
        postgres=args.postgres,
        dump=inputs["dump"],
        size_mb=inputs["size_mb"],
        file_mb=inputs["file_mb"],
        replace=args.replace,
        disable_triggers=args.disable_triggers,
        preview=preview,
    )
