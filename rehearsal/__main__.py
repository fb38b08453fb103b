"""`python -m rehearsal up|preview|down|destroy`: runs the project's program on this machine's Docker."""

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
from .events import Events, ReportingEngine
from .monitor import Monitor, run
from .state import MARK, Secret, folder, locked

PLAIN: dict[str, Any] = {"markup": False, "highlight": False, "emoji": False, "soft_wrap": True}


def up(stack: StackFile, console: Console) -> Monitor:
    """Creates and changes the resources that the program declares."""
    setup.set_up(stack)
    engine = _engine(stack, console)
    owner.refuse_engine(stack.name)
    run(engine, stack, dry_run=False)
    engine.finish()
    return engine


def preview(stack: StackFile, console: Console) -> Monitor:
    """Shows what `up` would change; for a stack on another machine, what its program declares."""
    monitor = _engine(stack, console, dry_run=True) if stack.is_local else Monitor(strict=False)
    run(monitor, stack, dry_run=True)
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
    """Deletes everything except protected resources and those that they need."""
    engine = _engine(stack, console)
    resources = engine.state.dependents_first(engine.state.resources)
    kept: set[str] = set()
    for resource in resources:  # its dependents come before it
        if resource.options.get("protect") or resource.urn in kept:
            kept |= {resource.urn, *resource.needs}
    engine.remove([resource for resource in resources if resource.urn not in kept])
    return engine


def destroy(stack: StackFile, console: Console) -> Monitor:
    """Deletes everything, including the unrecorded resources of a killed run, and the doubles."""
    engine = _engine(stack, console)
    engine.remove(engine.state.dependents_first(engine.state.resources))
    owner.remove_rehearsed(stack.name)
    setup.remove(stack)
    shutil.rmtree(folder(stack))
    return engine


COMMANDS = {"up": up, "preview": preview, "down": down, "destroy": destroy}


def main(arguments: list[str] | None = None) -> int:
    """Runs the command in the arguments, and returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--stack", default="local")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the progress on stderr")
    parser.add_argument("--events", action="store_true", help="the engine's events on stdout, a line each")
    parser.add_argument("--yes", action="store_true", help="confirm destroy")
    args = parser.parse_args(arguments)
    console = Events() if args.events else Console(stderr=args.json, **PLAIN)
    report: dict[str, Any] = {"ok": False, **_report(Monitor())}
    try:
        stack = StackFile.read(args.stack)
        if not stack.is_local and args.command != "preview":
            raise Trouble(f"the rehearsal cannot change the stack {stack.name}: its host is not this machine")
        if args.command == "destroy" and not args.yes:
            raise Trouble("this deletes all data: confirm it with --yes")
        with (
            nullcontext() if args.command == "preview" else locked(folder(stack)),
            redirect_stderr(cast(TextIO, console)) if isinstance(console, Events) else nullcontext(),
        ):
            monitor = COMMANDS[args.command](stack, console)
        report = {"ok": True, **_report(monitor), "error": None}
        console.print_json(data=report["outputs"])
        counts = [f"{change} {len(names)}" for change, names in report["changes"].items() if change != "same"]
        console.print(f"Resources: {', '.join(counts)}, unchanged {report['changes']['same']}")
    except (Trouble, Mistakes, pulumi.RunError, DockerException, KeyboardInterrupt) as error:
        report["error"] = str(error) or "interrupted"
    if isinstance(console, Events):
        console.write_end(args.stack, report["outputs"], report["error"])
    if not report["ok"]:
        console.print(f"error: {report['error']}", style="red")
    if args.json:
        sys.stdout.write(f"{json.dumps(report)}\n")
    return 0 if report["ok"] else 1


def _engine(stack: StackFile, console: Console, *, dry_run: bool = False) -> Engine:
    if isinstance(console, Events):
        return ReportingEngine(stack, console, dry_run=dry_run)
    return Engine(stack, console.print, dry_run=dry_run)


def _report(monitor: Monitor) -> dict[str, Any]:
    """Returns the changes, by logical names, and the program's outputs, without secrets."""
    changes: dict[str, Any] = {"create": [], "update": [], "replace": [], "delete": [], "same": 0}
    for urn, (change, _) in monitor.changes.items():
        changes[change] += 1 if change == "same" else [urn.rpartition("::")[2]]
    exports = {name: MARK if isinstance(value, Secret) else value for name, value in monitor.exports.items()}
    return {"changes": changes, "outputs": json.loads(json.dumps(exports).replace(UNKNOWN, "[unknown]"))}


if __name__ == "__main__":
    sys.exit(main())
