"""`python -m cli`: the command of the Makefile and of `./sertantai`. It runs the Pulumi CLI, or else the rehearsal."""

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Annotated

import typer

from components.machine.confirmed import digests_file

from . import at_host, backup, hetzner, kept, reach
from . import dump as dumps
from . import recover as recovery
from .engine import console, pulumi, run_quietly, watch
from .pinned import MINIMUM, PINNED, find_or_install

app = typer.Typer(add_completion=False, no_args_is_help=True, help="The sertantai platform.")
app.add_typer(backup.app, name="backup")
Stack = Annotated[str, typer.Option(help="The stack: Pulumi.<stack>.yaml.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for machines: docs/releases.md.")]


@dataclass(frozen=True)
class Command:
    """A verb for a stack, and how its run is shown."""

    verb: str
    stack: str
    as_json: bool = False

    def run(self, *engine_words: str, rehearsal_words: Sequence[str] = ()) -> int:
        """Runs the verb with the engine, or else with the rehearsal. Returns the exit code."""
        engine = find_or_install()
        if engine is None:
            oldest = ".".join(map(str, MINIMUM))
            console.print(
                f"No Pulumi CLI {oldest} or newer is installed, and {PINNED} cannot be downloaded: rehearsing.",
                soft_wrap=True,
            )
            return self.rehearse(*rehearsal_words)
        if self.stack == "local" and (code := self.prepare()):
            return code
        reachable = check_host(engine, self.stack)
        if reachable is False and self.verb == "up" and hetzner.start_server(engine, self.stack):
            reachable = check_host(engine, self.stack, reach.BOOT_TIMEOUT_S)
        if reachable is False and self.verb in ("up", "preview"):
            # The engine cannot refresh what is on a lost server. So the server is created first, then everything else.
            console.print("The server does not answer, so it is handled before everything else.")
            code = pulumi(engine, self.stack, *engine_words, "--target", reach.SERVER, as_json=self.as_json)
            if code or self.verb == "preview":
                return code
        return pulumi(engine, self.stack, *engine_words, as_json=self.as_json)

    def rehearse(self, *words: str) -> int:
        """Runs the verb with the rehearsal. Returns the exit code."""
        command = [sys.executable, "-m", "rehearsal", self.verb, "--stack", self.stack, "--events", *words]
        return watch(command, os.environ, preview=self.verb == "preview", as_json=self.as_json)

    def prepare(self) -> int:
        """Checks that the rehearsal does not own the local stack, and starts its doubles. Returns the exit code."""
        from local.__main__ import main  # imported here: other stacks do not need Docker's client

        return main(["setup" if self.verb in ("up", "preview") else "owner", "--stack", "local"])


def check_host(cli: str, stack: str, patience_s: int = 0) -> bool | None:
    """Whether the stack's host is reachable; None: there is no host yet. Exits if waiting would not help."""
    try:
        reachable = reach.is_reachable(cli, stack, patience_s)
    except reach.Refused as refused:
        console.print(str(refused), soft_wrap=True)
        raise typer.Exit(1) from None
    if reachable is False and not reach.is_created_here(stack):
        console.print(
            "host/address: is it up, is the port right, and does its firewall accept this address?", soft_wrap=True
        )
        raise typer.Exit(1)
    return reachable


@app.command()
def up(stack: Stack = "local", yes: Yes = False, as_json: Json = False) -> None:
    """Changes the platform to match the stack file. It shows a preview and asks first, except for the local stack."""
    with nullcontext() if stack == "local" or yes else digests_file():
        if stack != "local" and not yes:
            code = Command("preview", stack, as_json).run("preview")
            if code or not typer.confirm(f"Apply this to {stack}?", err=as_json):
                raise typer.Exit(code or 1)
        # A failed service does not stop the others.
        command = Command("up", stack, as_json)
        raise typer.Exit(command.run("up", "--yes", "--skip-preview", "--continue-on-error"))


@app.command()
def preview(stack: Stack = "local", as_json: Json = False) -> None:
    """Shows what `up` would change."""
    raise typer.Exit(Command("preview", stack, as_json).run("preview"))


@app.command()
def down(stack: Stack = "local", yes: Yes = False, as_json: Json = False) -> None:
    """Removes everything except data. `up` creates it again with its data."""
    if stack != "local" and not yes:
        typer.confirm(f"Take the platform {stack} down? Its data stays.", abort=True, err=as_json)
    command = Command("down", stack, as_json)
    raise typer.Exit(command.run("destroy", "--exclude-protected", "--yes", "--skip-preview"))


@app.command()
def destroy(stack: Stack = "local", yes: Yes = False, as_json: Json = False) -> None:
    """Removes everything, including all data."""
    if not yes:
        question = f"This deletes the platform {stack} AND ALL ITS DATA. Type the stack's name to continue"
        if typer.prompt(question, err=as_json) != stack:
            console.print("Nothing was changed.")
            raise typer.Exit(1)
    if engine := find_or_install():
        if check_host(engine, stack) is False:
            console.print("The server does not answer, so its containers cannot be removed: start it first.")
            raise typer.Exit(1)
        if reach.is_created_here(stack) and not hetzner.lift_protection(engine, stack):
            raise typer.Exit(1)
        # The user has confirmed.
        run_quietly(engine, stack, "state", "unprotect", "--all", "--yes", "--stack", stack)
    command = Command("destroy", stack, as_json)
    code = command.run("destroy", "--yes", "--skip-preview", rehearsal_words=["--yes"])
    if engine and not code and not kept.remove_volumes(engine, stack):
        code = 1
    raise typer.Exit(code)


@app.command()
def dump(
    service: Annotated[str, typer.Argument(help="A service of the stack files.")],
    source: Annotated[str, typer.Option("--from", help="URL of the database; its password may be in PGPASSWORD.")],
    to: Annotated[str, typer.Option(help="The file. Default: dumps/SERVICE.dump")] = "",
) -> None:
    """Dumps another database of a service, for `restore` in its block."""
    try:
        dumps.make_dump(service, source, to or f"dumps/{service}.dump")
    except dumps.Refused as refused:
        console.print(str(refused), soft_wrap=True)
        raise typer.Exit(1) from None


@app.command()
def recover(
    stack: Stack = "local",
    to: Annotated[str, typer.Option(help="A time (UTC) such as '2026-11-24 03:15', or a restore point.")] = "",
    promote: Annotated[bool, typer.Option("--promote", help="Make the recovered cluster the platform's.")] = False,
    database: Annotated[str, typer.Option(help="A service: write its recovered database to a dump.")] = "",
    drop: Annotated[bool, typer.Option("--drop", help="Remove the recovered cluster.")] = False,
    back: Annotated[str, typer.Option(help="An old volume: make its cluster the platform's again.")] = "",
    forget: Annotated[str, typer.Option(help="An old volume to delete.")] = "",
    lost: Annotated[bool, typer.Option("--lost", help="Fill the empty volume of a new server.")] = False,
    yes: Yes = False,
) -> None:
    """Brings back an earlier moment: look at it first (--to), then choose: docs/disaster.md."""
    actions: dict[str, Callable[[], object]] = {
        "--lost": lambda: recovery.seed(stack, to or None),
        "--to": lambda: recovery.build(stack, to),
        "--promote": lambda: recovery.promote(stack, yes=yes),
        "--database": lambda: recovery.dump(stack, database),
        "--drop": lambda: recovery.drop(stack),
        "--back": lambda: recovery.bring_back(stack, back, yes=yes),
        "--forget": lambda: recovery.forget(stack, forget, yes=yes),
    }
    given = {"--lost": lost, "--to": to and not lost, "--promote": promote, "--database": database, "--drop": drop}
    chosen = [name for name, value in {**given, "--back": back, "--forget": forget}.items() if value]
    if len(chosen) != 1:
        console.print(f"recover: name one of {', '.join(actions)}", soft_wrap=True)
        raise typer.Exit(2)
    try:
        actions[chosen[0]]()
    except at_host.Refused as refused:
        if str(refused):
            console.print(str(refused), soft_wrap=True, markup=False)
        raise typer.Exit(1) from None


if __name__ == "__main__":
    app()
