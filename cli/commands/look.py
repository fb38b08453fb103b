"""`status`: what there is, and what is wrong."""

from pathlib import Path
from typing import Annotated

import typer

from .group import Json, Stack, service_names


def status(
    service: Annotated[
        str | None, typer.Argument(help="This service alone, in full.", autocompletion=service_names)
    ] = None,
    stack: Stack = "local",
    as_json: Json = False,
    html: Annotated[Path | None, typer.Option("--html", help="Write it as a page to this file.")] = None,
) -> None:
    """Shows what runs, what is wrong and what differs from the stack file. Exit code 1: there are problems."""
    from ..status import status as module

    raise typer.Exit(module.show(stack, service, as_json=as_json, page=html))


def add_to(app: typer.Typer) -> None:
    """Adds this command."""
    app.command()(status)
