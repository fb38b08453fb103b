"""`python -m rehearsal up|preview|down|destroy|setup|owner`: the project's program on this machine's Docker."""

import argparse
import json
import shutil
import sys
from contextlib import nullcontext, suppress
from pathlib import Path
from typing import Any

import docker
import pulumi
from docker.errors import DockerException
from docker.models.containers import Container
from pulumi.runtime.rpc import UNKNOWN
from rich.console import Console

from . import doubles, images, machine
from .engine import Engine
from .errors import Trouble
from .inputs import OWNER
from .monitor import Monitor, run
from .state import MARK, Secret, Stack, locked

[OURS] = [f"{name}={value}" for name, value in OWNER.items()]
HELD = "{0} holds the stack {1} on this machine: `{2}` clears the way; its data goes with it"


def up(stack: Stack, console: Console) -> Monitor:
    """Makes what the program declares."""
    setup(stack, console)
    engine = Engine(stack, console.print)
    if _labelled(stack) and not _labelled(stack, OURS):
        raise Trouble(HELD.format("the Pulumi CLI", stack.name, f"make destroy STACK={stack.name}"))
    run(engine, stack, dry=False)
    engine.finish()
    return engine


def preview(stack: Stack, console: Console) -> Monitor:
    """Shows what `up` would do; of a stack elsewhere, what it declares."""
    monitor = Engine(stack, console.print, dry=True) if stack.local else Monitor(strict=False)
    run(monitor, stack, dry=True)
    if isinstance(monitor, Engine):
        monitor.finish()
    for urn, (what, names) in monitor.changes.items():
        if what != "same":
            console.print(f"  {what} {monitor.found[urn].title} {', '.join(names)}".rstrip())
    return monitor


def down(stack: Stack, console: Console) -> Monitor:
    """Deletes everything but what is protected and what that needs."""
    engine = Engine(stack, console.print)
    everything = engine.state.backwards(engine.state.made)
    kept: set[str] = set()
    for each in everything:  # whatever needs a resource has come before it
        if each.options.get("protect") or each.urn in kept:
            kept |= {each.urn, *each.needs}
    engine.remove([each for each in everything if each.urn not in kept])
    return engine


def destroy(stack: Stack, console: Console) -> Monitor:
    """Deletes everything, with what a killed run may have left, and the doubles."""
    engine = Engine(stack, console.print)
    engine.remove(engine.state.backwards(engine.state.made))
    for each in _labelled(stack, OURS):
        each.remove(**({"force": True, "v": True} if isinstance(each, Container) else {}))
    addresses = stack.setting("registry").get("server", ""), stack.setting("acme").get("directory_url", "")
    if ports := [port for each in addresses if (port := doubles.port(each))]:
        doubles.purge(*ports)
    shutil.rmtree(stack.folder)
    return engine


def setup(stack: Stack, _: Console) -> None:
    """What the local stack needs around it: Docker, a registry with the images, a certificate authority."""
    machine.ensure_docker()
    registry, acme = stack.setting("registry"), stack.setting("acme")
    if doubles.port(directory := acme.get("directory_url", "")):
        doubles.acme(directory, stack.setting("nginx")["http_port"], Path(acme["ca_bundle"]).parent)
    if doubles.port(server := registry.get("server", "")):
        login = server, registry["username"], stack.setting("registry_token")
        doubles.registry(*login)
        images.ensure(*login)


def owner(stack: Stack, _: Console) -> None:
    """Refuses where the rehearsal holds the stack, for then no other engine may have it."""
    with suppress(DockerException):
        if _labelled(stack, OURS):
            command = f"python -m rehearsal destroy --yes --stack {stack.name}"
            raise Trouble(HELD.format("the rehearsal", stack.name, command))


def prepare(stack: Stack, console: Console) -> None:
    """What the engine needs before it runs here: no platform of the rehearsal's, and what is around it."""
    owner(stack, console)
    setup(stack, console)


COMMANDS = {"up": up, "preview": preview, "down": down, "destroy": destroy, "setup": prepare, "owner": owner}


def main(arguments: list[str] | None = None) -> int:
    """Runs the command that the arguments name; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--stack", default="local")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the progress on stderr")
    parser.add_argument("--yes", action="store_true", help="destroy means it")
    chosen = parser.parse_args(arguments)
    console = Console(stderr=chosen.json, markup=False, highlight=False, emoji=False, soft_wrap=True)
    done: dict[str, Any] = {"ok": False, **_report(Monitor())}
    try:
        stack = Stack(chosen.stack)
        if not stack.local and chosen.command != "preview":
            raise Trouble(f"the rehearsal makes nothing of the stack {stack.name}, whose host is not this machine")
        if chosen.command == "destroy" and not chosen.yes:
            raise Trouble("all data goes with it: say so with --yes")
        with nullcontext() if chosen.command in ("preview", "owner") else locked(stack.folder):
            monitor = COMMANDS[chosen.command](stack, console)
        done = {"ok": True, **_report(monitor or Monitor()), "error": None}
        if monitor:
            console.print_json(data=done["outputs"])
            counts = [f"{what} {len(names)}" for what, names in done["changes"].items() if what != "same"]
            console.print(f"Resources: {', '.join(counts)}, unchanged {done['changes']['same']}")
    except (Trouble, pulumi.RunError, DockerException, KeyboardInterrupt) as error:
        done["error"] = str(error) or "interrupted"
    if not done["ok"]:
        console.print(f"error: {done['error']}", style="red")
    if chosen.json:
        sys.stdout.write(f"{json.dumps(done)}\n")
    return 0 if done["ok"] else 1


def _report(monitor: Monitor) -> dict[str, Any]:
    """What changes, by logical names, and what the program exports, without its secrets."""
    changes: dict[str, Any] = {"create": [], "update": [], "replace": [], "delete": [], "same": 0}
    for urn, (what, _) in monitor.changes.items():
        changes[what] += 1 if what == "same" else [urn.rpartition("::")[2]]
    exports = {name: MARK if isinstance(value, Secret) else value for name, value in monitor.exports.items()}
    return {"changes": changes, "outputs": json.loads(json.dumps(exports).replace(UNKNOWN, "[unknown]"))}


def _labelled(stack: Stack, *more: str) -> list[Any]:
    """What Docker has of this stack, containers first."""
    client = docker.from_env()
    wanted: dict[str, Any] = {"label": [f"sertantai.stack={stack.name}", *more]}
    containers = client.containers.list(all=True, filters=wanted, ignore_removed=True)
    return [*containers, *client.networks.list(filters=wanted), *client.volumes.list(filters=wanted)]


if __name__ == "__main__":
    sys.exit(main())
