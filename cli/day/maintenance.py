"""Closes a service's site with a notice, and opens it again.

The setting `maintenance` in the stack file is the truth, so a preview shows it, releases keep it, and a new server has
it too. Of all steps, only the one that switches the site runs.
"""

from ..engine.engine import ROOT, console
from ..engine.hints import flag
from ..engine.pinned import find_or_install
from ..engine.runner import Command
from ..refused import Refused
from ..release import releasing
from ..stack import services, stack_edit

SWITCH = "**::{service}-site-switch"
"""The step that writes a service's file in the gateway."""


def switch(stack: str, service: str, *, on: bool, as_json: bool) -> int:
    """Sets the setting and runs the step. Returns the exit code. Raises `Refused`."""
    block = services.find(stack, service)
    if not block.get("domain"):
        raise Refused(f"services/{service}/domain: is not set, so {service} has no site")
    file = ROOT / f"Pulumi.{stack}.yaml"
    code, setting = 1, ("services", service, "maintenance")
    # No registry is asked: a site can be closed while the registry is down.
    with releasing.limited(find_or_install(), stack, service):
        if bool(block.get("maintenance")) != on and (on or not stack_edit.remove_line(file, setting, True)):
            stack_edit.set_value(file, setting, on)
        try:
            code = _run(stack, service, as_json=as_json)
        finally:
            if code:
                again = f"./sertantai maintenance {'on' if on else 'off'} {service}{flag(stack)}"
                console.print(
                    f"{file.name} has the new setting, and the site may not: run `{again}` again, or `up`, which "
                    "applies it too.",
                    soft_wrap=True,
                )
    if not code and on:
        again = f"./sertantai maintenance off {service}{flag(stack)}"
        console.print(f"{service}: {block['domain']} answers 503 until `{again}`.", soft_wrap=True)
    elif not code:
        console.print(f"{service}: {block['domain']} serves again.", soft_wrap=True)
    return code


def _run(stack: str, service: str, *, as_json: bool) -> int:
    # `deploy`: `up` would create or start a server that does not answer.
    words = ("--yes", "--skip-preview", "--target", SWITCH.format(service=service))
    return Command("deploy", stack, as_json).run("up", *words)
