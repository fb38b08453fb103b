"""`python -m rehearsal up|preview|down|destroy|setup|owner`: the project's program on this machine's Docker."""

import argparse
import json
import shutil
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import docker
import pulumi
from docker.errors import DockerException
from docker.models.containers import Container
from rich.console import Console

from . import Declaration, doubles, images, machine
from .engine import Engine
from .errors import Trouble
from .inputs import OWNER
from .monitor import Monitor, run
from .resources import Host
from .show import ending, report, tree
from .stack import Stack, read
from .state import State, locked

[OURS] = [f"{name}={value}" for name, value in OWNER.items()]


def up(stack: Stack, console: Console) -> Monitor:
    """Makes what the program declares."""
    setup(stack, console)
    engine = _engine(stack, console)
    labelled = _labelled(engine.host.docker, stack)
    if labelled and not _labelled(engine.host.docker, stack, OURS):
        raise Trouble(
            f"the Pulumi CLI holds the stack {stack.name} on this machine ({labelled[0].name}, ...): with it on PATH, "
            f"`make destroy STACK={stack.name}` clears the way; its data goes with it"
        )
    with _interruptible(engine, console):
        run(engine, stack, dry=False)
    engine.finish()
    return engine


def preview(stack: Stack, console: Console) -> Monitor:
    """Shows what `up` would do; of a stack elsewhere, what it declares."""
    monitor = _engine(stack, console, dry=True) if stack.local else Declaration(strict=False)
    run(monitor, stack, dry=True)
    if isinstance(monitor, Engine):
        monitor.finish()
    tree(console, monitor)
    return monitor


def down(stack: Stack, console: Console) -> Monitor:
    """Deletes everything but what is protected and what that needs."""
    engine = _engine(stack, console)
    everything = engine.state.backwards(engine.state.made)
    kept: set[str] = set()
    for each in everything:  # whatever needs a resource has come before it
        if each.options.get("protect") or each.urn in kept:
            kept |= {each.urn, *each.needs}
    engine.remove([each for each in everything if each.urn not in kept])
    if ports := _doubles(stack):
        doubles.stop(*ports)
    return engine


def destroy(stack: Stack, console: Console) -> Monitor:
    """Deletes everything, with what a killed run may have left."""
    engine = _engine(stack, console)
    engine.remove(engine.state.backwards(engine.state.made))
    for each in _labelled(engine.host.docker, stack, OURS):
        each.remove(**({"force": True, "v": True} if isinstance(each, Container) else {}))
    if ports := _doubles(stack):
        doubles.purge(*ports)
    shutil.rmtree(stack.folder)
    return engine


def setup(stack: Stack, _: Console) -> None:
    """What the local stack needs around it: Docker, a registry with the images, a certificate authority."""
    machine.ensure_docker()
    registry, acme = stack.setting("registry"), stack.setting("acme")
    server, directory = registry.get("server", ""), acme.get("directory_url", "")
    login = server, registry.get("username", ""), stack.setting("registry_token")
    if _is_here(server):
        doubles.registry(*login)
    if _is_here(directory):
        doubles.acme(directory, stack.setting("nginx")["http_port"], Path(acme["ca_bundle"]).parent)
    if _is_here(server):
        images.ensure(*login)


def owner(stack: Stack, _: Console) -> None:
    """Refuses where the rehearsal holds the stack, for then no other engine may have it."""
    with suppress(DockerException):
        if held := _labelled(docker.from_env(), stack, OURS):
            raise Trouble(
                f"the rehearsal holds the stack {stack.name} on this machine ({held[0].name}, ...): "
                f"`python -m rehearsal destroy --stack {stack.name}` clears the way; its data goes with it"
            )


COMMANDS = {"up": up, "preview": preview, "down": down, "destroy": destroy, "setup": setup, "owner": owner}


def main(arguments: list[str] | None = None) -> int:
    """Runs the command that the arguments name; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m rehearsal", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--stack", default="local")
    parser.add_argument("--file", type=Path, help="the stack file, Pulumi.<stack>.yaml if not given")
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout, the progress on stderr")
    parser.add_argument("--yes", action="store_true", help="destroy without asking")
    chosen = parser.parse_args(arguments)
    console = Console(stderr=chosen.json, markup=False, highlight=False, emoji=False, soft_wrap=True)
    done: dict[str, Any] = {"ok": True, **report(Monitor()), "error": None}
    begin = time.monotonic()
    try:
        stack = read(chosen.stack, chosen.file or Path(f"Pulumi.{chosen.stack}.yaml"))
        if not stack.local and chosen.command != "preview":
            raise Trouble(f"the rehearsal makes nothing of the stack {stack.name}, whose host is not this machine")
        question = f"Delete all of the stack {stack.name}, its data too? Type its name: "
        if chosen.command == "destroy" and not chosen.yes and console.input(question) != stack.name:
            raise Trouble("nothing was deleted")
        with nullcontext() if chosen.command in ("preview", "owner") else locked(stack.folder):
            if monitor := COMMANDS[chosen.command](stack, console):
                done |= report(monitor)
                ending(console, done, time.monotonic() - begin, planned=chosen.command == "preview")
    except (Trouble, pulumi.RunError, DockerException, KeyboardInterrupt) as error:
        done |= {"ok": False, "error": str(error) or "interrupted"}
    except Exception as error:
        traceback.print_exc()
        done |= {"ok": False, "error": f"{type(error).__name__}: {error}"}
    if not done["ok"]:
        console.print(f"error: {done['error']}", style="red")
    if chosen.json:
        sys.stdout.write(f"{json.dumps(done)}\n")
    return 0 if done["ok"] else 1


def _engine(stack: Stack, console: Console, *, dry: bool = False) -> Engine:
    state = State(stack.folder)
    try:
        client = docker.from_env(max_pool_size=32)
    except DockerException as error:
        raise Trouble(f"Docker does not answer on this machine: {error}") from None
    return Engine(state, Host(client, stack.name, state.has, console.print), dry=dry)


def _labelled(client: docker.DockerClient, stack: Stack, *more: str) -> list[Any]:
    """What Docker has of this stack, containers first."""
    wanted: dict[str, Any] = {"label": [f"sertantai.stack={stack.name}", *more]}
    containers = client.containers.list(all=True, filters=wanted, ignore_removed=True)
    return [*containers, *client.networks.list(filters=wanted), *client.volumes.list(filters=wanted)]


def _doubles(stack: Stack) -> list[int]:
    """The ports of registry and certificate authority, as far as they are on this machine."""
    addresses = stack.setting("registry").get("server", ""), stack.setting("acme").get("directory_url", "")
    return [port for each in addresses if _is_here(each) and (port := urlsplit(f"//{each.rpartition('//')[2]}").port)]


def _is_here(address: str) -> bool:
    return urlsplit(f"//{address.rpartition('//')[2]}").hostname in ("localhost", "127.0.0.1")


@contextmanager
def _interruptible(monitor: Monitor, console: Console) -> Iterator[None]:
    """At the first signal no step is begun any more, at the second everything ends at once."""

    def stop(number: int, _: object) -> None:
        signal.signal(number, signal.SIG_DFL)
        monitor.failures.append("interrupted")
        console.print("Interrupted: what is at work may end. Once more to end it at once.")

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


if __name__ == "__main__":
    sys.exit(main())
