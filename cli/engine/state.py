"""Calls the Pulumi CLI for its answer, such as a stack's state or configuration."""

import json
import subprocess
from typing import Any

from ..refused import Refused
from .engine import ROOT, environment


def call(cli: str, stack: str, *words: str, failed: str, stdin: str = "") -> str:
    """Returns the output of a command on a stack. Raises `Refused`, which begins with `failed`."""
    command = [cli, *words, "--stack", stack]
    result = subprocess.run(command, cwd=ROOT, env=environment(stack), input=stdin, capture_output=True, text=True)
    if result.returncode:
        raise Refused(f"{failed}: {result.stderr.strip()}")
    return result.stdout


def resources(cli: str, stack: str, *words: str) -> list[dict[str, Any]]:
    """Returns the resources in the stack's state. `words` are options of `stack export`. Raises `Refused`."""
    return deployment(cli, stack, *words).get("resources") or []


def deployment(cli: str, stack: str, *words: str, failed: str = "the stack's state cannot be read") -> dict[str, Any]:
    """Returns the stack's state: its `resources`, and the `pending_operations` of a run that was killed."""
    exported: dict[str, Any] = json.loads(call(cli, stack, "stack", "export", *words, failed=failed))["deployment"]
    return exported
