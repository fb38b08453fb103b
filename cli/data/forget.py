"""Makes a stack's state forget its steps, which were done on a server that is lost: `up` does them again on a new one.

Pulumi sees that containers and volumes are gone. It cannot see that of a step, and would not run it again.
"""

import json
from pathlib import Path
from typing import Any

from ..engine import state
from ..engine.engine import ROOT

STEP = "command:local:Command"


def forget_steps(cli: str | None, stack: str) -> None:
    """Removes all steps from the state: that of the engine `cli`, without it the rehearsal's. Raises `Refused`."""
    file = Path(ROOT, ".rehearsal", stack, "state.json")
    if cli:
        failed = "the stack's state cannot be changed"
        saved = json.loads(state.call(cli, stack, "stack", "export", failed=failed))
        deployment = saved["deployment"]
        deployment["resources"] = without_steps(deployment.get("resources") or [])
        state.call(cli, stack, "stack", "import", "--force", failed=failed, stdin=json.dumps(saved))
    elif file.exists():
        rehearsed = json.loads(file.read_text())
        new = file.with_suffix(".new")
        new.touch(mode=0o600)
        new.write_text(json.dumps(rehearsed | {"made": without_steps(rehearsed["made"])}))
        new.replace(file)


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
