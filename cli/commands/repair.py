"""What is wrong, and how it is put right: secrets, mistakes, locks; and what makes a shell convenient."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from .group import Group, Json, Service, Stack, Yes, service_names


class SecretsGroup(Group):
    """`secrets` and `secrets SERVICE` mean `secrets list`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Adds the word that is left out."""
        words = args if args and args[0] in (*self.commands, "--help") else ["list", *args]
        return super().parse_args(ctx, words)


secrets_app = typer.Typer(
    cls=SecretsGroup, add_completion=False, help="Shows which secrets exist, never their values, or rotates one."
)


class Shell(StrEnum):
    """A shell with completion."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@secrets_app.command("list")
def list_secrets(
    service: Annotated[str, typer.Argument(help="A service; all without it.", autocompletion=service_names)] = "",
    stack: Stack = "local",
    as_json: Json = False,
) -> None:
    """Shows which secrets exist, from where, and since when. Exit code 1: one is missing."""
    from ..stack import secrets

    raise typer.Exit(secrets.show(stack, service, as_json=as_json))


@secrets_app.command()
def rotate(
    service: Service,
    name: Annotated[str, typer.Argument(help="As `secrets list` shows it.")],
    stack: Stack = "local",
    yes: Yes = False,
) -> None:
    """Replaces a secret: a generated one by a new one, one of the stack file by what you type."""
    from ..stack import rotate as rotation

    raise typer.Exit(rotation.rotate(stack, service, name, yes=yes))


def validate(stack: Stack = "local") -> None:
    """Checks the whole stack file, without engine and network. Exit code 1: it has mistakes."""
    from ..stack import validate as validation

    raise typer.Exit(validation.run(stack))


def doctor(stack: Stack = "local", as_json: Json = False) -> None:
    """Looks for what can be wrong on this machine, on the way to the server and on it. Exit code 1: something is.

    Python, Pulumi, state and lock, git, stack file, registry, SSH, DNS, ports, certificates, disk. `status`: what runs.
    """
    from ..repair import doctor as examination

    raise typer.Exit(examination.run(stack, as_json=as_json))


def unlock(stack: Stack = "local", yes: Yes = False) -> None:
    """Removes the lock of a run that was killed, and clears its unfinished operations."""
    from ..repair import unlock as locks

    raise typer.Exit(locks.run(stack, yes=yes))


def aliases(stack: Stack = "local") -> None:
    """Prints the names of earlier scripts as aliases: eval "$(./sertantai aliases)"."""
    from .. import aliases as names

    typer.echo("\n".join(names.lines(stack)))


def completion(shell: Shell) -> None:
    """Prints the script that completes this command: eval "$(./sertantai completion bash)"."""
    from .. import aliases as names

    typer.echo(names.completion(shell))


def add_to(app: typer.Typer) -> None:
    """Adds these commands."""
    app.add_typer(secrets_app, name="secrets")
    for command in (validate, doctor, unlock, aliases, completion):
        app.command()(command)
