"""`up`, `preview`, `down` and `destroy`: the whole platform."""

from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from .group import Json, Stack, Yes


def up(
    stack: Stack = "local",
    plan: Annotated[Path | None, typer.Option(help="A file of `plan --save`: ask if it is no longer true.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Changes the platform to match the stack file. It shows a preview and asks first, except for the local stack."""
    from components.machine.confirmed import digests_file

    from ..engine.runner import Command
    from ..release import planning
    from ..release.applying import apply

    asks = stack != "local" and not yes

    def confirm(*, whole: bool = False) -> None:
        if plan:
            planning.confirm(stack, plan, yes=yes)
        elif asks:
            code = Command("preview", stack, as_json, whole=whole).run("preview")
            if code or not typer.confirm(f"Apply this to {stack}?", err=as_json):
                raise typer.Exit(code or 1)

    with digests_file() if asks or plan else nullcontext():
        confirm()
        again = partial(confirm, whole=True) if asks or plan else None
        raise typer.Exit(apply(stack, as_json=as_json, ask_again=again))


def preview(stack: Stack = "local", as_json: Json = False) -> None:
    """Shows what `up` would change."""
    from ..engine.runner import Command

    raise typer.Exit(Command("preview", stack, as_json).run("preview"))


def down(stack: Stack = "local", yes: Yes = False, as_json: Json = False) -> None:
    """Removes everything except data. `up` creates it again with its data."""
    from ..engine.runner import Command

    if stack != "local" and not yes:
        typer.confirm(f"Take the platform {stack} down? Its data stays.", abort=True, err=as_json)
    command = Command("down", stack, as_json)
    raise typer.Exit(command.run("destroy", "--exclude-protected", "--yes", "--skip-preview"))


def destroy(stack: Stack = "local", yes: Yes = False, as_json: Json = False) -> None:
    """Removes everything, including all data."""
    from ..engine import runner
    from ..engine.engine import console

    if not yes:
        question = f"This deletes the platform {stack} AND ALL ITS DATA. Type the stack's name to continue"
        if typer.prompt(question, err=as_json) != stack:
            console.print("Nothing was changed.")
            raise typer.Exit(1)
    raise typer.Exit(runner.destroy(stack, as_json=as_json))


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (up, preview, down, destroy):
        app.command()(command)
