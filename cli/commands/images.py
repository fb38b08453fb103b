"""`pin`: the images of a stack."""

from typing import Annotated

import typer

from .group import Stack

Service = Annotated[str, typer.Argument(help="A service of the stack file.")]


def pin(
    service: Annotated[str, typer.Argument(help="One service alone.")] = "",
    check: Annotated[bool, typer.Option("--check", help="List tags without a digest; exit code 2: there are.")] = False,
    stack: Stack = "local",
) -> None:
    """Writes the digest of each image's tag next to it in the stack file."""
    from .. import pin as pins

    if check:
        images = pins.unpinned(stack, service)
        for image in images:
            typer.echo(f"{image.setting}: {image.reference} has no digest")
        raise typer.Exit(2 if images else 0)
    is_done = True
    for image in pins.pin(stack, service):
        typer.echo(f"{image.setting}: {image.reference}")
        is_done = False
    if is_done:
        typer.echo(f"Pulumi.{stack}.yaml: every image is named by digest already")


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    for command in (pin,):
        app.command()(command)
