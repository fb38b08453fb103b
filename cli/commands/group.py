"""What all commands share: options, and how a refusal is shown."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from ..refused import Refused

USAGE_OF_TYPER, USAGE = 2, 64
"""The exit code of a wrong command line: as Typer and as sysexits.h have it."""


def service_names(ctx: typer.Context, incomplete: str) -> list[str]:
    """Returns the services of the stack file that begin so, for the completion of a shell."""
    from ..stack import services

    stack = ctx.params.get("stack") or os.environ.get("SERTANTAI_STACK") or "local"
    try:
        names = services.stack_file(stack).block("services")
    except Refused:
        return []
    return [str(name) for name in names if str(name).startswith(incomplete)]


Service = Annotated[str, typer.Argument(help="A service of the stack file.", autocompletion=service_names)]
Stack = Annotated[str, typer.Option(envvar="SERTANTAI_STACK", help="The stack: Pulumi.<stack>.yaml.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Json = Annotated[bool, typer.Option("--json", help="JSON, for machines.")]


class Group(TyperGroup):
    """Commands that end with their refusal as one message and exit code 1, and never with a traceback for it."""

    def make_context(self, *words: Any, **options: Any) -> Any:
        """Reads the words before the command's name."""
        with _usage():
            return super().make_context(*words, **options)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """Returns a command."""
        command = super().get_command(ctx, cmd_name)
        if command:
            _without_types(command.get_params(ctx))
        return command

    def get_params(self, ctx: Any) -> Any:
        """Returns the options of the group itself."""
        return _without_types(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        """Runs a command."""
        try:
            with _usage():
                return super().invoke(ctx)
        except Refused as refused:
            if str(refused):
                sys.stderr.write(f"{refused}\n")
            raise typer.Exit(1) from None


def _without_types(params: list[Any]) -> list[Any]:
    """Makes the help show flags without the type of a value, which they do not take."""
    for param in params:
        if getattr(param, "is_flag", False):
            param.metavar = ""
    return params


@contextmanager
def _usage() -> Iterator[None]:
    """Gives a wrong command line an exit code of its own: 2 means that there are changes."""
    try:
        yield
    except TyperException as error:
        if error.exit_code == USAGE_OF_TYPER:
            error.exit_code = USAGE
        raise


def new_group(purpose: str) -> typer.Typer:
    """Returns an empty group of commands."""
    return typer.Typer(cls=Group, add_completion=False, no_args_is_help=True, help=purpose)
