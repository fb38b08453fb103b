"""`python -m cli`: what the Makefile calls. The Pulumi CLI where there is one, else the rehearsal."""

import os
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Annotated

import typer

from components.machine.confirmed import digests_file

from . import dump as dumps
from . import hetzner, reach
from .engine import console, pulumi, quietly, watch
from .pinned import MINIMUM, PINNED, cli

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The sertantai platform.")
Stack = Annotated[str, typer.Option(help="The stack: Pulumi.<stack>.yaml.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines: docs/releases.md.")]


@dataclass(frozen=True)
class Command:
    """What was asked for: the verb, of which stack, and how it is shown."""

    verb: str
    stack: str
    as_json: bool = False

    def run(self, *engine_words: str, rehearsal_words: Sequence[str] = ()) -> int:
        """Does it, by the engine where it can be had; the exit code."""
        engine = cli()
        if engine is None:
            oldest = ".".join(map(str, MINIMUM))
            console.print(
                f"The Pulumi CLI {PINNED} cannot be reached, nor is one from {oldest} on here: rehearsing.",
                soft_wrap=True,
            )
            return self.rehearse(*rehearsal_words)
        if self.stack == "local" and (code := self.prepare()):
            return code
        there = reached(engine, self.stack)
        if there is False and self.verb == "up" and hetzner.started(engine, self.stack):
            there = reached(engine, self.stack, reach.BOOT_TIMEOUT_S)
        if there is False and self.verb in ("up", "preview"):
            # The engine could not look at what was on it. A server that is gone is made again; then all the rest is.
            console.print("The server does not answer, so it alone is looked at first.")
            code = pulumi(engine, self.stack, *engine_words, "--target", reach.SERVER, as_json=self.as_json)
            if code or self.verb == "preview":
                return code
        return pulumi(engine, self.stack, *engine_words, as_json=self.as_json)

    def rehearse(self, *words: str) -> int:
        """Does it by the rehearsal."""
        command = [sys.executable, "-m", "rehearsal", self.verb, "--stack", self.stack, "--events", *words]
        return watch(command, os.environ, preview=self.verb == "preview", as_json=self.as_json)

    def prepare(self) -> int:
        """What the local stack needs before the engine runs: no platform of the rehearsal's, and the doubles."""
        from local.__main__ import main  # brings Docker's client along, which no other stack needs

        return main(["setup" if self.verb in ("up", "preview") else "owner", "--stack", "local"])


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


@app.command()
def up(stack: Stack = "local", yes: Yes = False, as_json: Json = False) -> None:
    """Brings the platform to what the stack file says: shown first, then asked about. The local stack just does it."""
    with nullcontext() if stack == "local" or yes else digests_file():
        if stack != "local" and not yes:
            shown = Command("preview", stack, as_json).run("preview")
            if shown or not typer.confirm(f"Do this to {stack}?", err=as_json):
                raise typer.Exit(shown or 1)
        # One service that fails does not keep the others from finishing.
        command = Command("up", stack, as_json)
        raise typer.Exit(command.run("up", "--yes", "--skip-preview", "--continue-on-error"))


@app.command()
def preview(stack: Stack = "local", as_json: Json = False) -> None:
    """Shows what `up` would do."""
    raise typer.Exit(Command("preview", stack, as_json).run("preview"))


@app.command()
def down(stack: Stack = "local", yes: Yes = False, as_json: Json = False) -> None:
    """Takes everything down that holds no data; `up` brings it back with its data."""
    if stack != "local" and not yes:
        typer.confirm(f"Take the platform {stack} down? Its data stays.", abort=True, err=as_json)
    command = Command("down", stack, as_json)
    raise typer.Exit(command.run("destroy", "--exclude-protected", "--yes", "--skip-preview"))


@app.command()
def destroy(stack: Stack = "local", yes: Yes = False, as_json: Json = False) -> None:
    """Takes everything down, all data with it."""
    if not yes:
        question = f"This deletes the platform {stack} AND ALL ITS DATA. Type the stack's name to go on"
        if typer.prompt(question, err=as_json) != stack:
            console.print("Nothing was touched.")
            raise typer.Exit(1)
    if engine := cli():
        if reached(engine, stack) is False:
            console.print("The server does not answer, and what is on it could not be taken down: start it first.")
            raise typer.Exit(1)
        if reach.is_made_here(stack) and not hetzner.lift(engine, stack):
            raise typer.Exit(1)
        # It has been confirmed.
        quietly(engine, stack, "state", "unprotect", "--all", "--yes", "--stack", stack)
    command = Command("destroy", stack, as_json)
    raise typer.Exit(command.run("destroy", "--yes", "--skip-preview", rehearsal_words=["--yes"]))


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
