"""Shows the logs of a service's parts, or of a container that all services share."""

import os
import sys
from collections.abc import Collection, Sequence

import typer

from ..refused import Refused
from ..server import at_session
from ..stack import services

SHARED = ("nginx", "postgres", "redis", "certbot", "backup")
"""Containers of the platform itself, whose logs can be shown by these names."""
COLOURS = ("cyan", "magenta", "yellow")


def show(stack: str, service: str, parts: Sequence[str], *, since: str, lines: int, follow: bool) -> None:
    """Prints the lines, with the part's name in front if several parts may have some. Raises `Refused`."""
    owner, chosen = _choose(stack, service, parts)
    words = ["logs", stack, owner, "--parts", *chosen]
    words += [*(["--since", since] if since else []), *(["--lines", str(lines)] if lines else [])]
    width = max(map(len, chosen)) if owner == service and not parts else 0
    try:
        for line in at_session.lines(stack, *words, *(["--follow"] if follow else [])):
            part, _, text = line.partition("\t")
            typer.echo(f"{_name(part, chosen, width)}{text}", color=None if "NO_COLOR" not in os.environ else False)
    except KeyboardInterrupt:
        raise typer.Exit(0) from None
    except BrokenPipeError:
        # What reads the output has enough. Python must not write to it again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise typer.Exit(0) from None


def _choose(stack: str, service: str, parts: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Returns the value of the containers' label for the service, and the parts."""
    file = services.stack_file(stack)
    if service in SHARED and service not in file.block("services"):
        if parts:
            raise Refused(f"--{parts[0]}: {service} has no parts")
        if not file.block(service) and service != "certbot":
            raise Refused(f"{service}: is not declared in Pulumi.{stack}.yaml")
        return "platform", [service, *(["backup-files"] if service == "backup" else [])]
    if service not in file.block("services"):
        known: Collection[str] = [*file.block("services"), *SHARED]
        raise Refused(f"{service}: Pulumi.{stack}.yaml has no such service{services.suggest(service, known)}")
    if not parts:
        return service, services.parts(stack, service)
    return service, [services.find_part(stack, service, part) for part in parts]


def _name(part: str, parts: Sequence[str], width: int) -> str:
    """Returns a part's name as the beginning of a line; empty without a width."""
    if not width:
        return ""
    return typer.style(f"{part:{width}} | ", fg=COLOURS[parts.index(part) % len(COLOURS)])
