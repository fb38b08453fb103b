"""Calls the Pulumi CLI for its answer, such as a stack's state or configuration."""

import subprocess

from .at_host import Refused
from .engine import ROOT, environment


def call(cli: str, stack: str, *words: str, failed: str, stdin: str = "") -> str:
    """Returns the output of a command on a stack. Raises `Refused`, which begins with `failed`."""
    command = [cli, *words, "--stack", stack]
    result = subprocess.run(command, cwd=ROOT, env=environment(stack), input=stdin, capture_output=True, text=True)
    if result.returncode:
        raise Refused(f"{failed}: {result.stderr.strip()}")
    return result.stdout
