"""`python -m rehearsal up|preview|down|destroy`: the project's program on this machine's Docker."""

import argparse
import json
import shutil
import sys
from contextlib import nullcontext, redirect_stderr
from typing import Any, TextIO, cast

import pulumi
from docker.errors import DockerException
from pulumi.runtime.rpc import UNKNOWN
from rich.console import Console

from local import owner, setup
from local.errors import Trouble
from settings import Mistakes, StackFile

from .engine import Engine
from .events import Events, Reporting
from .monitor import Monitor, run
from .state import MARK, Secret, folder, locked

PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False, "soft_wrap": True}


def up(stack: StackFile, console: Console) -> Monitor:
    """Makes what the program declares."""
    setup.set_up(stack)
    engine = _engine(stack, console)
    owner.refuse_engine(stack.name)
    run(engine, stack, dry=False)
    engine.finish()
    return engine


def preview(stack: StackFile, console: Console) -> Monitor:
    """Shows what `up` would do; for a stack on another machine, what its program declares."""
    monitor = _engine(stack, console, dry=True) if stack.is_local else Monitor(strict=False)
    run(monitor, stack, dry=True)
    if isinstance(monitor, Engine):
        monitor.finish()
    for urn, resource in monitor.declared.items():
        change, inputs = monitor.changes.get(urn, ("same", []))
        if isinstance(console, Events):
            old = monitor.state.resources.get(urn) if isinstance(monitor, Engine) else None
            console.step("resourcePreEvent", change, resource, old, inputs)
        elif change != "same":
            console.print(f"  {change} {resource.title} {', '.join(inputs)}".rstrip())
    return monitor


def down(stack: StackFile, console: Console) -> Monitor:
    """Deletes everything but what is protected and what that needs."""
    engine = _engine(stack, console)
    resources = engine.state.backwards(engine.state.resources)
    kept: set[str] = set()
    for resource in resources:  # those that need it come before it
        if resource.options.get("protect") or resource.urn in kept:
            kept |= {resource.urn, *resource.needs}
    engine.remove([resource for resource in resources if resource.urn not in kept])
    return engine


def destroy(stack: StackFile, console: Console) -> Monitor:
    """Deletes everything, also what a killed run could not record, and the doubles."""
    engine = _engine(stack, console)
    engine.remove(engine.state.backwards(engine.state.resources))
    owner.remove_rehearsed(stack.name)
    setup.remove(stack)
    shutil.rmtree(folder(stack))
    return engine


COMMANDS = {"up": up, "preview": preview, "down": down, "destroy": destroy}


def main(arguments: list[str] | None = None) -> int:
    """Runs the command that the arguments name; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--stack", default="local")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the progress on stderr")
    parser.add_argument("--events", action="store_true", help="the engine's events on stdout, a line each")
    parser.add_argument("--yes", action="store_true", help="destroy means it")
    chosen = parser.parse_args(arguments)
    console = Events() if chosen.events else Console(stderr=chosen.json, **PLAIN)
    report: dict[str, Any] = {"ok": False, **_report(Monitor())}
    try:
        stack = StackFile.read(chosen.stack)
        if not stack.is_local and chosen.command != "preview":
            raise Trouble(f"the rehearsal makes nothing of the stack {stack.name}, whose host is not this machine")
        if chosen.command == "destroy" and not chosen.yes:
            raise Trouble("all data goes with it: say so with --yes")
        with (
            nullcontext() if chosen.command == "preview" else locked(folder(stack)),
            redirect_stderr(cast(TextIO, console)) if isinstance(console, Events) else nullcontext(),
        ):
            monitor = COMMANDS[chosen.command](stack, console)
        report = {"ok": True, **_report(monitor), "error": None}
        console.print_json(data=report["outputs"])
        counts = [f"{change} {len(names)}" for change, names in report["changes"].items() if change != "same"]
        console.print(f"Resources: {', '.join(counts)}, unchanged {report['changes']['same']}")
    except (Trouble, Mistakes, pulumi.RunError, DockerException, KeyboardInterrupt) as error:
        report["error"] = str(error) or "interrupted"
    if isinstance(console, Events):
        console.ended(chosen.stack, report["outputs"], report["error"])
    if not report["ok"]:
        console.print(f"error: {report['error']}", style="red")
    if chosen.json:
        sys.stdout.write(f"{json.dumps(report)}\n")
    return 0 if report["ok"] else 1


def _engine(stack: StackFile, console: Console, *, dry: bool = False) -> Engine:
    if isinstance(console, Events):
        return Reporting(stack, console, dry=dry)
    return Engine(stack, console.print, dry=dry)


def _report(monitor: Monitor) -> dict[str, Any]:
    """What changes, by logical names, and what the program exports, without its secrets."""
    changes: dict[str, Any] = {"create": [], "update": [], "replace": [], "delete": [], "same": 0}
    for urn, (change, _) in monitor.changes.items():
        changes[change] += 1 if change == "same" else [urn.rpartition("::")[2]]
    exports = {name: MARK if isinstance(value, Secret) else value for name, value in monitor.exports.items()}
    return {"changes": changes, "outputs": json.loads(json.dumps(exports).replace(UNKNOWN, "[unknown]"))}


if __name__ == "__main__":
    sys.exit(main())
