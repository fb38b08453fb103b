"""Tests the connection to a stack's host before the engine runs: the engine's own errors do not help an operator."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from components.machine.ssh_files import folder, write
from render import ssh
from settings import HetznerHost, Mistakes, SshHost, StackFile

from ..engine.engine import ROOT, console, environment
from ..refused import Refused

# Everything that creates the server, from its keys to its first answer over SSH.
SERVER = "**sertantai:host:Server**"
TRY_TIMEOUT_S = 60
BOOT_TIMEOUT_S = 180


def write_config(cli: str, stack: str, fresh: bool = False) -> Path | None:
    """Writes OpenSSH's configuration for the stack's host and returns its path. None: no such host, or none yet.

    The engine refreshes resources before the program runs. On a new laptop, or after a changed setting, the program
    would write the configuration too late. Address and keys of a server at Hetzner are in the stack's outputs. They are
    read if this laptop does not have them, or if `fresh`.
    """
    host, cache = _host(stack), ROOT / folder(stack) / "known.json"
    settings: dict[str, Any]
    target: dict[str, Any]
    try:
        if host.get("kind") == "ssh":
            settings = SshHost.model_validate(host).model_dump(exclude={"kind", "host_key"})
            target = {"host_keys": [host["host_key"]]}
        elif host.get("kind") == "hetzner":
            settings = HetznerHost.model_validate(host).model_dump(include={"identity_file"})
            target = {} if fresh or not cache.exists() else json.loads(cache.read_text())
            target = target or _outputs(cli, stack)
            if not target:
                return None
            adopted_key = [host["host_key"]] if "host_key" in host else []
            target["host_keys"] = [*dict.fromkeys([*adopted_key, *target["host_keys"]])]
        else:
            return None
    except ValidationError:
        return None  # the program reports it with all other mistakes
    return write(ROOT, stack, ssh.files(stack, str(folder(stack)), **settings, **target), target)


def _outputs(cli: str, stack: str) -> dict[str, Any]:
    command = [cli, "stack", "output", "ssh", "--json", "--stack", stack]
    result = subprocess.run(command, cwd=ROOT, env=environment(stack), capture_output=True, text=True)
    return {} if result.returncode else dict(json.loads(result.stdout))


def can_connect(config: Path, stack: str) -> bool:
    """Whether the host accepts a connection. Raises `Refused` if waiting would not help."""
    command = ["ssh", "-F", str(config), ssh.alias(stack), "true"]
    try:
        result = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TRY_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return False
    error = result.stderr.strip()
    if "Host key verification failed" in error:
        raise Refused(
            "host/host_key: the host has a different SSH host key from the pinned one, and nothing was sent to it: "
            "is it another machine? If it was rebuilt on purpose, name its new key"
        )
    if "Permission denied" in error:
        raise Refused(
            "host/identity_file: the host does not accept this key: is it in the agent (`ssh-add -l`), and on the host?"
            f"\n  {error.splitlines()[-1]}"
        )
    if result.returncode:
        console.print(f"host: {error.splitlines()[-1] if error else 'SSH does not answer'}", soft_wrap=True)
    return result.returncode == 0


def is_reachable(cli: str, stack: str, patience_s: int = 0) -> bool | None:
    """Whether the stack's host accepts a connection within `patience_s`. None: there is no host. Raises `Refused`."""
    end = time.monotonic() + patience_s
    while not (reachable := _is_reachable(cli, stack)) and reachable is not None and time.monotonic() < end:
        time.sleep(2)
    return reachable


def _is_reachable(cli: str, stack: str) -> bool | None:
    if is_local(stack):
        return True
    for fresh in (False, True):
        config = write_config(cli, stack, fresh)
        if not config:
            return None
        try:
            if can_connect(config, stack):
                return True
        except Refused:
            # From another laptop, the server may have been created again with another address.
            if fresh or not is_created_here(stack):
                raise
    return False


def is_created_here(stack: str) -> bool:
    """Whether the host is a server that this program creates."""
    return _host(stack).get("kind") == "hetzner"


def is_local(stack: str) -> bool:
    """Whether the host is this machine."""
    return _host(stack).get("kind") == "local"


def _host(stack: str) -> dict[str, Any]:
    try:
        return StackFile.read(stack, ROOT / f"Pulumi.{stack}.yaml").block("host")
    except Mistakes:
        return {}  # the engine or the program reports it
