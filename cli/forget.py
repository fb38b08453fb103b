"""Makes a stack's state forget its steps, which were done on a server that is lost: `up` does them again on a new one.

Pulumi sees that containers and volumes are gone. It cannot see that of a step, and would not run it again.
"""

import json
import subprocess
from pathlib import Path
from typing import Any

from .at_host import Refused
from .engine import ROOT, environment

STEP = "command:local:Command"


def forget_steps(cli: str | None, stack: str) -> None:
    """Removes all steps from the state, which is the rehearsal's or that of the engine `cli`. Raises `Refused`."""
    file = Path(ROOT, ".rehearsal", stack, "state.json")
    if file.exists():
        state = json.loads(file.read_text())
        new = file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(state | {"made": without_steps(state["made"])}))
        new.replace(file)
    elif cli:
        saved = json.loads(_run(cli, stack, "export"))
        deployment = saved["deployment"]
        deployment["resources"] = without_steps(deployment.get("resources") or [])
        _run(cli, stack, "import", stdin=json.dumps(saved))


def without_steps(resources: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the other resources, which no longer depend on steps."""
    steps = {each["urn"] for each in resources if each["type"] == STEP}
    return [_without(steps, each) for each in resources if each["urn"] not in steps]


def _without(steps: set[str], resource: dict[str, Any]) -> dict[str, Any]:
    changed = dict(resource)
    if "dependencies" in resource:
        changed["dependencies"] = _others(steps, resource["dependencies"])
    if "propertyDependencies" in resource:
        properties = resource["propertyDependencies"]
        changed["propertyDependencies"] = {name: _others(steps, urns) for name, urns in properties.items()}
    return changed


def _others(steps: set[str], urns: list[str] | None) -> list[str]:
    return [urn for urn in urns or [] if urn not in steps]


def _run(cli: str, stack: str, verb: str, stdin: str = "") -> str:
    command = [cli, "stack", verb, "--stack", stack, *(["--force"] if verb == "import" else [])]
    result = subprocess.run(command, cwd=ROOT, env=environment(stack), input=stdin, capture_output=True, text=True)
    if result.returncode:
        raise Refused(f"the stack's state cannot be changed: {result.stderr.strip()}")
    return result.stdout
