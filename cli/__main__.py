"""`python -m cli`: what the Makefile calls. The Pulumi CLI where there is one, else the rehearsal."""

import subprocess
import sys
from typing import Annotated

import typer

from .engine import ROOT, console, got, pulumi

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The sertantai platform.")
Stack = Annotated[str, typer.Option(help="The stack: Pulumi.<stack>.yaml.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]


def rehearse(*words: str) -> int:
    """Runs the rehearsal's command; its exit code."""
    return subprocess.run([sys.executable, "-m", "rehearsal", *words], cwd=ROOT).returncode


def run(stack: str, verb: str, *engine_words: str, rehearsal_words: tuple[str, ...] = ()) -> None:
    """`verb` on `stack`, by the engine where it can be had."""
    cli = got()
    if cli is None:
        console.print("The Pulumi CLI is not here and its installer cannot be reached: this is the rehearsal.")
        raise typer.Exit(rehearse(verb, "--stack", stack, *rehearsal_words))
    if stack == "local":
        prepare(verb)
    raise typer.Exit(pulumi(cli, stack, *engine_words))


def prepare(verb: str) -> None:
    """What the local stack needs before the engine runs: no platform of the rehearsal's, and the doubles."""
    code = rehearse("setup" if verb in ("up", "preview") else "owner", "--stack", "local")
    if code:
        raise typer.Exit(code)


@app.command()
def up(stack: Stack = "local") -> None:
    """Brings the platform to what the stack file says. The local stack is not asked about."""
    run(stack, "up", "up", *(["--yes", "--skip-preview"] if stack == "local" else []))


@app.command()
def preview(stack: Stack = "local") -> None:
    """Shows what `up` would do."""
    run(stack, "preview", "preview")


@app.command()
def down(stack: Stack = "local", yes: Yes = False) -> None:
    """Takes everything down that holds no data; `up` brings it back with its data."""
    if stack != "local" and not yes:
        typer.confirm(f"Take the platform {stack} down? Its data stays.", abort=True)
    run(stack, "down", "destroy", "--exclude-protected", "--yes")


@app.command()
def destroy(stack: Stack = "local", yes: Yes = False) -> None:
    """Takes everything down, all data with it."""
    if not yes:
        typed = typer.prompt(f"This deletes the platform {stack} AND ALL ITS DATA. Type the stack's name to go on")
        if typed != stack:
            console.print("Nothing was touched.")
            raise typer.Exit(1)
    if got():
        run_unprotected(stack)
    run(stack, "destroy", "destroy", "--yes", rehearsal_words=("--yes",))


def run_unprotected(stack: str) -> None:
    """Lifts the engine's protection: `destroy` has been confirmed."""
    cli = got()
    if cli:
        pulumi(cli, stack, "state", "unprotect", "--all", "--yes")


if __name__ == "__main__":
    app()
