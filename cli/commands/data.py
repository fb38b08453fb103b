"""`dump` and `recover`: data that is brought in, or brought back."""

from collections.abc import Callable
from typing import Annotated

import typer

from .group import USAGE, Stack, Yes


def dump(
    service: Annotated[str, typer.Argument(help="A service of the stack files.")],
    source: Annotated[str, typer.Option("--from", help="URL of the database; its password may be in PGPASSWORD.")],
    to: Annotated[str, typer.Option(help="The file. Default: dumps/SERVICE.dump")] = "",
) -> None:
    """Dumps another database of a service, for `restore` in its block."""
    from ..data import dump as dumps

    dumps.make_dump(service, source, to or f"dumps/{service}.dump")


def recover(
    stack: Stack = "local",
    to: Annotated[str, typer.Option(help="A time (UTC) such as '2026-11-24 03:15', or a restore point.")] = "",
    promote: Annotated[bool, typer.Option("--promote", help="Make the recovered cluster the platform's.")] = False,
    database: Annotated[str, typer.Option(help="A service: write its recovered database to a dump.")] = "",
    drop: Annotated[bool, typer.Option("--drop", help="Remove the recovered cluster.")] = False,
    back: Annotated[str, typer.Option(help="An old volume: make its cluster the platform's again.")] = "",
    forget: Annotated[str, typer.Option(help="An old volume to delete.")] = "",
    lost: Annotated[bool, typer.Option("--lost", help="Fill the empty volume of a new server.")] = False,
    yes: Yes = False,
) -> None:
    """Brings back an earlier moment: look at it first (--to), then choose: docs/disaster.md."""
    from ..data import recover as recovery
    from ..engine.engine import console

    actions: dict[str, Callable[[], object]] = {
        "--lost": lambda: recovery.seed(stack, to or None),
        "--to": lambda: recovery.build(stack, to),
        "--promote": lambda: recovery.promote(stack, yes=yes),
        "--database": lambda: recovery.dump(stack, database),
        "--drop": lambda: recovery.drop(stack),
        "--back": lambda: recovery.bring_back(stack, back, yes=yes),
        "--forget": lambda: recovery.forget(stack, forget, yes=yes),
    }
    given = {"--lost": lost, "--to": to and not lost, "--promote": promote, "--database": database, "--drop": drop}
    chosen = [name for name, value in {**given, "--back": back, "--forget": forget}.items() if value]
    if len(chosen) != 1:
        console.print(f"recover: name one of {', '.join(actions)}", soft_wrap=True)
        raise typer.Exit(USAGE)
    actions[chosen[0]]()


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (dump, recover):
        app.command()(command)
