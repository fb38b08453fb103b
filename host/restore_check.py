"""restore-check: what keeps a dump from being put into a database as it is now. Changes nothing."""

import argparse
import json
from collections.abc import Mapping
from typing import Any

from .failure import Failure
from .fit import Fit
from .psql import Postgres, SqlError
from .restored import find_login


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("service")
    parser.add_argument("database")
    parser.add_argument("--postgres", required=True, help="its container")
    parser.add_argument("--replace", action="store_true", help="the tables' rows may go")
    parser.add_argument("--disable-triggers", action="store_true", help="triggers and foreign keys are not checked")


def run(given: argparse.Namespace, told: Mapping[str, Any]) -> None:
    """Prints `problems` and `notes`, a line each, as JSON; there are none without a dump or without a database.

    Stdin: `owner`, the role that the app's logins become; `dump`, its description; `size_mb`, its rows'; `file_mb`.
    """
    postgres = Postgres(given.postgres)
    problems: list[str] = []
    notes: list[str] = []
    try:
        login = find_login(postgres, given.database, told["owner"]) if "dump" in told else ""
        if login:
            fit = of(given, told, preview=True)
            facts = fit.facts(lambda sql, names: postgres.ask(sql, names, database=given.database, user=login))
            problems, notes = fit.problems(facts), fit.notes(facts)
    except SqlError as error:
        if "ERROR:" in str(error):  # else it does not answer
            problems = [f"services/{given.service}/restore: {error}"]
    except Failure:
        pass
    print(json.dumps({"problems": problems, "notes": notes}))


def of(given: argparse.Namespace, told: Mapping[str, Any], *, preview: bool = False) -> Fit:
    """The question that the words of this verb, or of restore-load, and their stdin ask."""
    return Fit(
        service=given.service,
        database=given.database,
        postgres=given.postgres,
        dump=told["dump"],
        size_mb=told["size_mb"],
        file_mb=told["file_mb"],
        replace=given.replace,
        disable_triggers=given.disable_triggers,
        preview=preview,
    )
