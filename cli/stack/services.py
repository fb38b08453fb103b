"""Finds a service, or a part of it, in a stack file, and helps with a wrong name."""

import difflib
from collections.abc import Collection
from typing import Any

from settings import Mistakes, StackFile

from ..engine.engine import ROOT
from ..refused import Refused
from ..show.steps import PARTS


def stack_file(stack: str) -> StackFile:
    """Returns the stack's file as it is written. Raises `Refused`."""
    path = ROOT / f"Pulumi.{stack}.yaml"
    if not path.exists():
        stacks = [file.name.split(".")[1] for file in sorted(ROOT.glob("Pulumi.*.yaml"))]
        raise Refused(f"--stack: there is no file {path.name}{suggest(stack, stacks)}")
    try:
        return StackFile.read(stack, path)
    except Mistakes as mistakes:
        raise Refused(str(mistakes).replace(f"{ROOT}/", "")) from None


def find(stack: str, service: str) -> dict[str, Any]:
    """Returns the block of a service, as it is written. Raises `Refused`."""
    services = stack_file(stack).block("services")
    if service not in services:
        raise Refused(f"{service}: Pulumi.{stack}.yaml has no such service{suggest(service, services)}")
    block = services[service]
    return block if isinstance(block, dict) else {}


def parts(stack: str, service: str) -> list[str]:
    """Returns the names of a service's declared parts. Raises `Refused`."""
    block = find(stack, service)
    return [part for part in PARTS if part in block]


def find_part(stack: str, service: str, part: str) -> str:
    """Returns the part's name if the service declares it. Raises `Refused`."""
    declared = parts(stack, service)
    if part not in declared:
        raise Refused(f"{service}/{part}: the service has no such part{suggest(part, declared)}")
    return part


def suggest(name: str, names: Collection[str]) -> str:
    """Returns the end of an error about a wrong name: the closest name, or all of them."""
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; there {'is' if len(names) == 1 else 'are'}: {', '.join(names)}" if names else ""
