"""`python -m cli`: the command of the Makefile and of `./sertantai`. Its commands are in `commands/`."""

import os
from typing import Annotated

import typer

from .commands import backup, data, day, images, look, platform, release, repair
from .commands.group import new_group

app = new_group("The sertantai platform.")


def _show_version(wanted: bool) -> None:
    if wanted:
        from . import about

        typer.echo(about.version())
        raise typer.Exit()


@app.callback()
def of_all(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and its commit.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    """Options before the command."""


for module in (platform, release, look, data, day, repair, images):
    module.add_to(app)
app.add_typer(backup.app, name="backup")

if "_SERTANTAI_COMPLETE" in os.environ:  # a shell asks what may follow
    from typer._completion_classes import completion_init

    completion_init()

if __name__ == "__main__":
    app(prog_name="sertantai")
