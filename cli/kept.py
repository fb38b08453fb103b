"""Removes the volumes that the engine leaves on the host: those with the files of apps, and of removed services."""

import subprocess

from components.machine import host_program
from render import ssh, verb

from . import reach
from .engine import ROOT, console


def remove_volumes(cli: str, stack: str) -> bool:
    """Removes them after everything else of the stack, and returns whether that succeeded.

    On a server that this program has created they are gone with its disk.
    """
    if reach.is_created_here(stack):
        return True
    config = reach.write_config(cli, stack)
    over_ssh = ["ssh", "-F", str(config), ssh.alias(stack), host_program.COMMAND]
    program = over_ssh if config else host_program.LOCAL_COMMAND
    command = [*program, verb.line("volumes-remove", stack)]
    result = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    for line in (result.stdout + result.stderr).splitlines():
        console.print(line, soft_wrap=True)
    return result.returncode == 0
