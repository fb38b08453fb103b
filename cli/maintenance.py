"""Closes a service's site with a notice, and opens it again.

The setting `maintenance` in the stack file is the truth, so a preview shows it, releases keep it, and a new server has
it too. Of all steps, only the one that switches the site runs.
"""

from . import services, stack_edit
from .engine import ROOT, console
from .refused import Refused
from .runner import Command

SWITCH = "**::{service}-site-switch"
"""The step that writes a service's file in the gateway."""


def switch(stack: str, service: str, *, on: bool, as_json: bool) -> int:
    """Sets the setting and runs the step. Returns the exit code. Raises `Refused`."""
    block = services.find(stack, service)
    if not block.get("domain"):
        raise Refused(f"services/{service}/domain: is not set, so {service} has no site")
    file = ROOT / f"Pulumi.{stack}.yaml"
    setting = ("services", service, "maintenance")
    if bool(block.get("maintenance")) != on and (on or not stack_edit.remove_line(file, setting, True)):
        stack_edit.set_value(file, setting, on)
    command = Command("up", stack, as_json)
    code = command.run("up", "--yes", "--skip-preview", "--target", SWITCH.format(service=service))
    if code:
        again = f"./sertantai maintenance {'on' if on else 'off'} {service}"
        console.print(f"{file.name} is changed and the site is not: run `{again}` again.", soft_wrap=True)
    elif on:
        console.print(f"{service}: {block['domain']} answers 503 until `./sertantai maintenance off {service}`.")
    else:
        console.print(f"{service}: {block['domain']} serves again.")
    return code
