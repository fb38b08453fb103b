"""What an operator does by day: logs, a command or a console next to a service, a notice on its site."""

from enum import StrEnum
from typing import Annotated

import typer

from .group import Json, Service, Stack, Yes

Since = Annotated[str, typer.Option(help="Only what is newer: 10m, 2h, or a time in UTC.")]


class Switch(StrEnum):
    """Whether something is to be on."""

    ON = "on"
    OFF = "off"


def logs(
    service: Service,
    app: Annotated[bool, typer.Option("--app", help="The app alone.")] = False,
    frontend: Annotated[bool, typer.Option("--frontend", help="The frontend alone.")] = False,
    electric: Annotated[bool, typer.Option("--electric", help="Electric alone.")] = False,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on, over releases too; Ctrl-C ends it.")] = False,
    since: Since = "",
    lines: Annotated[int, typer.Option(min=0, help="The last lines of each container; 0: all.")] = 100,
    stack: Stack = "local",
) -> None:
    """Shows the logs of a service, or of nginx, postgres, redis, certbot or backup."""
    from ..day import logs as shown

    chosen = [part for part, given in {"app": app, "frontend": frontend, "electric": electric}.items() if given]
    shown.show(stack, service, chosen, since=since, lines=lines, follow=follow)


def execute(
    service: Service,
    command: Annotated[list[str] | None, typer.Argument(help="Behind --. Default: a shell.")] = None,
    part: Annotated[str, typer.Option(help="app, frontend or electric.")] = "app",
    stack: Stack = "local",
) -> None:
    """Runs a command in the serving container of a service. The exit code is the command's."""
    from ..day import sessions

    raise typer.Exit(sessions.execute(stack, service, part, command or ["sh"]))


def psql(
    service: Annotated[str, typer.Argument(help="A service; empty with --superuser.")] = "",
    words: Annotated[list[str] | None, typer.Argument(help="psql's own options, behind --.")] = None,
    command: Annotated[str, typer.Option("--command", "-c", help="SQL to run; without it psql reads the input.")] = "",
    write: Annotated[bool, typer.Option("--write", help="Transactions may write; asks first.")] = False,
    superuser: Annotated[
        bool, typer.Option("--superuser", help="The database postgres, for the whole cluster.")
    ] = False,
    stack: Stack = "local",
    yes: Yes = False,
) -> None:
    """Opens psql on a service's database, with the rights of its app. Transactions are read-only without --write."""
    from ..day import sessions

    given = [*(["-c", command] if command else []), *(words or [])]
    raise typer.Exit(sessions.psql(stack, service, given, write=write, superuser=superuser, yes=yes))


def ssh(
    command: Annotated[list[str] | None, typer.Argument(help="Behind --. Default: a shell.")] = None,
    stack: Stack = "local",
) -> None:
    """Logs in to the server of a stack, with its pinned host key."""
    from ..server import at_session

    raise typer.Exit(at_session.open_ssh(stack, *(command or [])))


def maintenance(switch: Switch, service: Service, stack: Stack = "local", as_json: Json = False) -> None:
    """Closes the site of a service with a notice (503), or opens it again."""
    from ..day import maintenance as notice

    raise typer.Exit(notice.switch(stack, service, on=switch is Switch.ON, as_json=as_json))


def restore(
    service: Service,
    check: Annotated[bool, typer.Option("--check", help="Compare, and change nothing.")] = False,
    stack: Stack = "local",
) -> None:
    """Compares the dump that a service declares with its database. `up` restores it."""
    from ..data import restore_check

    raise typer.Exit(restore_check.run(stack, service, check=check))


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.command()(logs)
    app.command("exec")(execute)
    for command in (psql, ssh, maintenance, restore):
        app.command()(command)
