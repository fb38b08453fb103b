"""`backup`: shows the state of the backups, makes one now, tests one now, and prints the keys of a recovery."""

from typing import Annotated

import typer

from .group import Json, Stack, Yes, new_group

app = new_group("The backups of a stack.")


@app.command()
def status(stack: Stack = "local", as_json: Json = False) -> None:
    """Shows what can be recovered. Exit code 1: there are problems."""
    from ..data import backup

    raise typer.Exit(backup.show_status(stack, as_json=as_json))


@app.command()
def now(stack: Stack = "local", full: Annotated[bool, typer.Option("--full", help="All of it.")] = False) -> None:
    """Makes a backup now."""
    from ..data import backup

    backup.make(stack, full=full)


@app.command()
def verify(stack: Stack = "local") -> None:
    """Restores the newest backup now, and compares it with the running cluster."""
    from ..data import backup

    raise typer.Exit(backup.verify(stack))


@app.command()
def files(
    service: Annotated[str, typer.Argument(help="The service; letsencrypt: the certificates.")],
    at: Annotated[str, typer.Option(help="A time in UTC: the last snapshot before it.")] = "",
    stack: Stack = "local",
) -> None:
    """Restores the files of a service's volumes into new volumes, next to the live ones."""
    from ..data import backup_files

    backup_files.restore(stack, service, at)


@app.command()
def keys(stack: Stack = "local", yes: Yes = False) -> None:
    """Prints what a recovery needs if laptop and state are lost. It is written nowhere."""
    from ..data import backup, backup_keys
    from ..engine.engine import console

    if not yes and console.is_terminal:
        typer.confirm("This prints secrets on the screen. Is it yours alone?", abort=True, err=True)
    typer.echo("\n".join(backup_keys.lines(stack)))
    backup.note_printed_keys(stack)
