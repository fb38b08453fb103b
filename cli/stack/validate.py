"""Checks a whole stack file, without the engine, the host or the network."""

import os
from collections.abc import Iterator

from settings import PROJECT, Mistakes, Settings, StackFile, checks, read, report

from ..show.views import write
from . import services

PLACEHOLDER = "to-be-filled-in"


def run(stack: str) -> int:
    """Shows all mistakes and warnings. Returns 1 if there are mistakes. Raises `Refused`."""
    file = services.stack_file(stack)
    mistakes, warnings = check(file)
    if mistakes:
        write(report(stack, mistakes))
    for warning in warnings:
        write(f"warning: {warning}")
    if not mistakes:
        names = ", ".join(file.block("services"))
        write(f"Pulumi.{stack}.yaml has no mistakes. Services: {names}.")
    return 1 if mistakes else 0


def check(file: StackFile) -> tuple[list[str], list[str]]:
    """Returns the mistakes of a stack file, and its warnings."""
    warnings = [*_placeholders(file)]
    try:
        settings = read(file, _token_mistakes(file))
    except Mistakes as mistakes:
        return mistakes.lines, warnings
    return [], [*settings.warnings(), *warnings]


def settings_of(file: StackFile) -> Settings | None:
    """Returns the settings, or None if the file has mistakes."""
    try:
        return read(file, _token_mistakes(file))
    except Mistakes:
        return None


def _token_mistakes(file: StackFile) -> Iterator[str]:
    """Yields what is wrong with the token of Hetzner's API, as far as it can be read without the engine."""
    if "hcloud:token" not in file.encrypted:
        token = file.values.get("hcloud:token") or os.environ.get("HCLOUD_TOKEN")
        yield from checks.token_mistakes(file.setting("host"), token)


def _placeholders(file: StackFile) -> Iterator[str]:
    """Yields one warning about all secrets that the file's author has left open."""
    names = [key.removeprefix(f"{PROJECT}:") for key in file.encrypted if is_placeholder(file.values[key])]
    if names:
        yield f"{', '.join(names)}: not filled in yet; set each with `pulumi config set --secret KEY`"


def is_placeholder(value: object) -> bool:
    """Whether the value of a secret is not filled in yet."""
    return str(value).startswith(PLACEHOLDER)
