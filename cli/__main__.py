"""`python -m cli`: what the Makefile calls. The Pulumi CLI where there is one, else the rehearsal."""

import subprocess
import sys
from contextlib import nullcontext
from typing import Annotated

import typer

from components.machine.confirmed import handed_over

from . import dump as dumps
from . import hetzner, reach
from .engine import ROOT, console, got, pulumi

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The sertantai platform.")
Stack = Annotated[str, typer.Option(help="The stack: Pulumi.<stack>.yaml.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def rehearse(*words: str) -> int:
    """Runs the rehearsal's command; its exit code."""
    return subprocess.run([sys.executable, "-m", "rehearsal", *words], cwd=ROOT).returncode


def run(stack: str, verb: str, *engine_words: str, rehearsal_words: tuple[str, ...] = ()) -> int:
    """`verb` on `stack`, by the engine where it can be had; the exit code."""
    cli = got()
    if cli is None:
        console.print("The Pulumi CLI is not here and its installer cannot be reached: this is the rehearsal.")
        return rehearse(verb, "--stack", stack, *rehearsal_words)
    if stack == "local" and (code := prepare(verb)):
        return code
    there = reached(cli, stack)
    if there is False and verb == "up" and hetzner.started(cli, stack):
        there = reached(cli, stack, reach.BOOT_TIMEOUT_S)
    if there is False and verb in ("up", "preview"):
        # The engine could not look at what was on it. A server that is gone is made again; then all the rest is.
        console.print("The server does not answer, so it alone is looked at first.")
        code = pulumi(cli, stack, *engine_words, "--target", reach.SERVER)
        if code or verb == "preview":
            return code
    return pulumi(cli, stack, *engine_words)


def reached(cli: str, stack: str, patience_s: int = 0) -> bool | None:
    """Whether the stack's host answers; None where there is none yet. Ends the command where waiting would not help."""
    try:
        there = reach.tried(cli, stack, patience_s)
    except reach.Refused as refused:
        console.print(str(refused), soft_wrap=True)
        raise typer.Exit(1) from None
    if there is False and not reach.is_made_here(stack):
        console.print(
            "host/address: is it up, is the port right, and does its firewall let this address in?", soft_wrap=True
        )
        raise typer.Exit(1)
    return there


def prepare(verb: str) -> int:
    """What the local stack needs before the engine runs: no platform of the rehearsal's, and the doubles."""
    from local.__main__ import main  # brings Docker's client along, which no other stack needs

    return main(["setup" if verb in ("up", "preview") else "owner", "--stack", "local"])


@app.command()
def up(stack: Stack = "local", yes: Yes = False) -> None:
    """Brings the platform to what the stack file says: shown first, then asked about. The local stack just does it."""
    with nullcontext() if stack == "local" or yes else handed_over():
        if stack != "local" and not yes:
            shown = run(stack, "preview", "preview")
            if shown or not typer.confirm(f"Do this to {stack}?"):
                raise typer.Exit(shown or 1)
        # One service that fails does not keep the others from finishing.
        raise typer.Exit(run(stack, "up", "up", "--yes", "--skip-preview", "--continue-on-error"))


@app.command()
def preview(stack: Stack = "local") -> None:
    """Shows what `up` would do."""
    raise typer.Exit(run(stack, "preview", "preview"))


@app.command()
def down(stack: Stack = "local", yes: Yes = False) -> None:
    """Takes everything down that holds no data; `up` brings it back with its data."""
    if stack != "local" and not yes:
        typer.confirm(f"Take the platform {stack} down? Its data stays.", abort=True)
    raise typer.Exit(run(stack, "down", "destroy", "--exclude-protected", "--yes", "--skip-preview"))


@app.command()
def destroy(stack: Stack = "local", yes: Yes = False) -> None:
    """Takes everything down, all data with it."""
    if not yes:
        typed = typer.prompt(f"This deletes the platform {stack} AND ALL ITS DATA. Type the stack's name to go on")
        if typed != stack:
            console.print("Nothing was touched.")
            raise typer.Exit(1)
    if cli := got():
        if reached(cli, stack) is False:
            console.print("The server does not answer, and what is on it could not be taken down: start it first.")
            raise typer.Exit(1)
        if reach.is_made_here(stack) and not hetzner.lift(cli, stack):
            raise typer.Exit(1)
        # It has been confirmed.
        pulumi(cli, stack, "state", "unprotect", "--all", "--yes")
    raise typer.Exit(run(stack, "destroy", "destroy", "--yes", "--skip-preview", rehearsal_words=("--yes",)))


@app.command()
def dump(
    service: Annotated[str, typer.Argument(help="A service of the stack files.")],
    source: Annotated[str, typer.Option("--from", help="URL of the database; its password may be in PGPASSWORD.")],
    to: Annotated[str, typer.Option(help="The file, dumps/SERVICE.dump if not said.")] = "",
) -> None:
    """Makes a dump of another database of a service, for `restore` in its block."""
    try:
        dumps.make(service, source, to or f"dumps/{service}.dump")
    except dumps.Refused as refused:
        console.print(str(refused), soft_wrap=True)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
