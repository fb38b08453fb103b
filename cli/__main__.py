"""`python -m cli`: the command of the Makefile and of `./sertantai`. Its commands are in `commands/`."""

from .commands import backup, data, images, platform
from .commands.group import new_group

app = new_group("The sertantai platform.")
for module in (platform, data, images):
    module.add_to(app)
app.add_typer(backup.app, name="backup")

if __name__ == "__main__":
    app(prog_name="sertantai")
