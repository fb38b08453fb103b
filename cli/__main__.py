"""`python -m cli`: the command of the Makefile and of `./sertantai`. Its commands are in `commands/`."""

import os

from .commands import backup, data, day, images, look, platform, release, repair
from .commands.group import new_group

app = new_group("The sertantai platform.")
for module in (platform, release, look, data, day, repair, images):
    module.add_to(app)
app.add_typer(backup.app, name="backup")

if "_SERTANTAI_COMPLETE" in os.environ:  # a shell asks what may follow
    from typer._completion_classes import completion_init

    completion_init()

if __name__ == "__main__":
    app(prog_name="sertantai")
