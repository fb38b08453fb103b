"""`plan`, and `up` with a saved plan."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import typer

from ..engine.engine import console
from ..engine.pinned import find_or_install
from ..refused import Refused
from ..stack import services
from . import plan, releasing
from .previewing import preview

CHANGES = 2
"""The exit code of a plan with changes."""


def show(stack: str, service: str, save: Path | None, *, as_json: bool) -> int:
    """Shows the plan of a stack, or of one service of it, and returns the exit code. Raises `Refused`."""
    if service:
        services.find(stack, service)
        code, made = preview_alone(stack, service, quiet=as_json)
    else:
        code, made = preview(stack, quiet=as_json)
    if not made:
        return code or 1
    if save:
        made.save(save)
    if as_json:
        typer.echo(json.dumps(asdict(made)))
    return CHANGES if made.changes else 0


def preview_alone(stack: str, service: str, *, quiet: bool) -> tuple[int, plan.Plan | None]:
    """Previews one service that the stack file has: see `preview`. Raises `Refused`."""
    with releasing.limited(find_or_install(), stack, service) as words:
        return preview(stack, service, words, quiet=quiet)


def confirm(stack: str, file: Path, *, yes: bool) -> None:
    """Previews a stack again, and asks if the plan differs from the saved one. Raises `Refused` or `typer.Exit`."""
    saved = plan.read(file)
    if (saved.stack, saved.service) != (stack, ""):
        whose = f"{saved.service} of {saved.stack}" if saved.service else saved.stack
        raise Refused(f"--plan: {file} is a plan of {whose}: `plan --stack {stack} --save FILE` makes one of {stack}")
    code, now = preview(stack, quiet=True)
    if not now:
        raise typer.Exit(code or 1)
    if now.commit != saved.commit:
        console.print(f"The plan is of commit {saved.commit}, and this is {now.commit}.", soft_wrap=True, markup=False)
    if not (different := plan.differences(saved, now)):
        console.print("The plan is still the same.")
        return
    console.print(f"The plan of {saved.made} is no longer what up would do:", soft_wrap=True, markup=False)
    for line in different:
        console.print(f"  {line}", soft_wrap=True, markup=False)
    if yes:
        return
    if not sys.stdin.isatty():
        raise Refused("Nothing was changed: look at it, then save a new plan, or run this with --yes")
    if not typer.confirm("Apply this?", err=True):
        raise typer.Exit(1)
