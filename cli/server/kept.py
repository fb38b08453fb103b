"""Removes the volumes that the engine leaves on the host: those with the files of apps, and of removed services."""

import subprocess

from render import verb

from ..engine.engine import ROOT, console
from . import at_host, reach


def remove_volumes(cli: str, stack: str) -> bool:
    """Removes them after everything else of the stack, and returns whether that succeeded.

    On a server that this program has created they are gone with its disk.
    """
    if reach.is_created_here(stack):
        return True
    command = [*at_host.program(cli, stack), verb.line("volumes-remove", stack)]
    result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    for line in (result.stdout + result.stderr).splitlines():
        console.print(line, soft_wrap=True)
    return result.returncode == 0
