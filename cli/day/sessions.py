"""`exec`, `psql`: a command or a console next to a service, with its rights."""

import getopt
from collections.abc import Sequence

import typer

from host.recovery import Names
from render import sql

from ..engine.engine import console
from ..refused import Refused
from ..server import at_session
from ..stack import services

# psql's options. A colon, or an equals sign, is for a value.
PSQL_SHORT = "aAbc:d:eEf:F:h:HlL:no:p:P:qR:sStT:U:v:VwWxXz01?"
PSQL_LONG = [
    *("command=", "dbname=", "file=", "list", "set=", "variable=", "version", "no-psqlrc", "single-transaction"),
    *("help", "echo-all", "echo-errors", "echo-queries", "echo-hidden", "log-file=", "no-readline", "output=", "quiet"),
    *("single-step", "single-line", "no-align", "csv", "field-separator=", "html", "pset=", "record-separator="),
    *("tuples-only", "table-attr=", "expanded", "field-separator-zero", "record-separator-zero"),
    *("host=", "port=", "username=", "no-password", "password"),
]
OTHER_LOGIN = ("-d", "--dbname", "-U", "--username", "-h", "--host", "-p", "--port")


def execute(stack: str, service: str, part: str, command: Sequence[str]) -> int:
    """Runs a command in the serving container of a part. Returns its exit code. Raises `Refused`."""
    services.find_part(stack, service, part)
    terminal = at_session.has_terminal()
    options = ["--gateway", Names(stack).of("nginx"), *(["--terminal"] if terminal else [])]
    return at_session.run(stack, "exec", *options, stack, service, part, "--", *command, terminal=terminal)


def psql(stack: str, service: str, words: Sequence[str], *, write: bool, superuser: bool, yes: bool) -> int:
    """Opens psql, or passes `words` to it. Returns its exit code. Raises `Refused`."""
    _refuse_another_login(words)
    if superuser:
        if service:
            raise Refused("SERVICE: --superuser opens the database postgres alone: leave the service out")
        who, database = [], "postgres"
        console.print("psql: as the superuser of the whole cluster: of all services' data, and of the platform's own.")
    else:
        database = database_of(stack, service)
        who = ["--owner", sql.owner(database)]
    if write and not yes:
        if not at_session.has_terminal():
            raise Refused("--write: nobody can be asked here: add --yes")
        typer.confirm(f"Open {database} of {stack} for writing?", abort=True, err=True)
    terminal = at_session.has_terminal()
    options = ["--postgres", Names(stack).of("postgres"), "--caller", at_session.caller(), *who]
    options += [*(["--write"] if write else []), *(["--terminal"] if terminal else [])]
    return at_session.run(stack, "open-psql", *options, database, "--", *words, terminal=terminal)


def _refuse_another_login(words: Sequence[str]) -> None:
    """Raises `Refused` if psql's options would lead to another login, database or server than was checked."""
    try:
        options, _ = getopt.gnu_getopt([*words], PSQL_SHORT, PSQL_LONG)
    except getopt.GetoptError:
        return  # psql says what is wrong
    for option, _ in options:
        if option in OTHER_LOGIN:
            raise Refused(f"{option}: the service, or --superuser, decides on login and database: leave it out")


def database_of(stack: str, service: str) -> str:
    """Returns the name of a service's database, its own or another service's. Raises `Refused`."""
    if not service:
        raise Refused("SERVICE: name one, or --superuser for the whole cluster")
    block = services.find(stack, service).get("database") or {}
    if owner := block.get("of"):
        return database_of(stack, str(owner))
    if not (name := block.get("name")):
        raise Refused(f"services/{service}/database: is not declared, so {service} has no database")
    return str(name)
