"""`exec`, `psql`: a command or a console next to a service, with its rights."""

from collections.abc import Sequence

import typer

from host.recovery import Names
from render import sql

from . import at_session, services
from .engine import console
from .refused import Refused


def execute(stack: str, service: str, part: str, command: Sequence[str]) -> int:
    """Runs a command in the serving container of a part. Returns its exit code. Raises `Refused`."""
    services.find_part(stack, service, part)
    terminal = at_session.has_terminal()
    words = [stack, service, part, "--gateway", Names(stack).of("nginx"), *(["--terminal"] if terminal else [])]
    return at_session.run(stack, "exec", *words, "--", *command, terminal=terminal)


def psql(stack: str, service: str, words: Sequence[str], *, write: bool, superuser: bool, yes: bool) -> int:
    """Opens psql, or passes `words` to it. Returns its exit code. Raises `Refused`."""
    if superuser:
        who = []
        database = database_of(stack, service) if service else "postgres"
        console.print("psql: as the superuser of the whole cluster: of all services' data, and of the platform's own.")
    else:
        database = database_of(stack, service)
        who = ["--owner", sql.owner(database)]
    if write and not yes:
        if not at_session.has_terminal():
            raise Refused("--write: nobody can be asked here: add --yes")
        typer.confirm(f"Open {database} of {stack} for writing?", abort=True, err=True)
    terminal = at_session.has_terminal()
    options = [*(["--write"] if write else []), *(["--terminal"] if terminal else [])]
    target = [database, "--postgres", Names(stack).of("postgres"), "--caller", at_session.caller()]
    return at_session.run(stack, "open-psql", *target, *who, *options, "--", *words, terminal=terminal)


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
