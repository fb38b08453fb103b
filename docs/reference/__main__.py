"""Writes docs/reference/settings.md and docs/reference/commands.md: `make reference`."""

from . import commands, settings

for page in (settings, commands):
    page.FILE.write_text(page.text())
