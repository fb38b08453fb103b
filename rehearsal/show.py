"""What a run tells its user: the plan as a tree, the outputs, and how much happened."""

import json
from typing import Any

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from .engine import LOOK
from .monitor import UNKNOWN, Monitor
from .state import MARK, Secret


def tree(console: Console, monitor: Monitor) -> None:
    """The resources that change, below their parents, with the inputs because of which they do."""
    shown: set[str] = set()
    for urn, (what, _) in monitor.changes.items():
        while what != "same" and urn in monitor.found and urn not in shown:
            shown.add(urn)
            urn = monitor.found[urn].parent
    nodes = {"": Tree("")}
    for urn, resource in monitor.found.items():
        if urn in shown:
            what, names = monitor.changes.get(urn, ("", []))
            sign, style = LOOK.get(what, ("  ", ""))
            words = [sign, resource.title, what, f"[{', '.join(names)}]" if names else ""]
            nodes[urn] = nodes.get(resource.parent, nodes[""]).add(Text(" ".join(filter(None, words)), style))
    console.print(nodes[""])


def report(monitor: Monitor) -> dict[str, Any]:
    """What changes, by logical names, and what the program exports, without its secrets."""
    changes = {
        kind: [urn.rpartition("::")[2] for urn, (what, _) in monitor.changes.items() if what == kind] for kind in LOOK
    }
    exports = {name: MARK if isinstance(value, Secret) else value for name, value in monitor.exports.items()}
    return {
        "changes": {**changes, "same": sum(what == "same" for what, _ in monitor.changes.values())},
        "outputs": json.loads(json.dumps(exports).replace(UNKNOWN, "[unknown]")),
    }


def ending(console: Console, done: dict[str, Any], seconds: float, *, planned: bool) -> None:
    """The outputs, and in one line how much there was to do."""
    for name, value in sorted(done["outputs"].items()):
        console.print(f"  {name}: {value if isinstance(value, str) else json.dumps(value, sort_keys=True)}")
    words = "{} {} to {}" if planned else "{} {} {}d"
    counts = [words.format(sign.strip(), len(done["changes"][kind]), kind) for kind, (sign, _) in LOOK.items()]
    counts = [each for each in counts if " 0 " not in each]
    console.print(f"Resources: {', '.join([*counts, str(done['changes']['same'])])} unchanged ({seconds:.1f}s)")
