"""The way to a stack's host, made and tried before the engine runs, whose words for a silent host help nobody."""

import json
import subprocess
import time
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from components.machine.ssh_files import folder, write
from render import ssh
from settings import HetznerHost, Mistakes, SshHost, StackFile

from .engine import ROOT, console, environment

# All that makes the server, from its keys to the first answer over SSH.
SERVER = "**sertantai:host:Server**"
TRY_TIMEOUT_S = 60
BOOT_TIMEOUT_S = 180


def written(cli: str, stack: str, fresh: bool = False) -> Path | None:
    """OpenSSH's configuration for the stack's host; None where there is no such host, or none yet.

    The engine looks at what exists before the program runs, so the program's own writing would come too late where the
    setting has changed, or on another laptop. Address and keys of a server that is made are in the stack's outputs:
    they are asked for where this laptop does not know them yet, or what it knows is to be `fresh`.
    """
    host, kept = _host(stack), ROOT / folder(stack) / "known.json"
    given: dict[str, Any]
    known: dict[str, Any]
    try:
        if host.get("kind") == "ssh":
            given = SshHost.model_validate(host).model_dump(exclude={"kind", "host_key"})
            known = {"host_keys": [host["host_key"]]}
        elif host.get("kind") == "hetzner":
            given = HetznerHost.model_validate(host).model_dump(include={"identity_file"})
            known = {} if fresh or not kept.exists() else json.loads(kept.read_text())
            known = known or _outputs(cli, stack)
            if not known:
                return None
            own = [host["host_key"]] if "host_key" in host else []
            known["host_keys"] = [*dict.fromkeys([*own, *known["host_keys"]])]
        else:
            return None
    except ValidationError:
        return None  # the program says what is wrong, with everything else
    return write(ROOT, stack, ssh.files(stack, str(folder(stack)), **given, **known), known)


def _outputs(cli: str, stack: str) -> dict[str, Any]:
    asked = [cli, "stack", "output", "ssh", "--json", "--stack", stack]
    said = subprocess.run(asked, cwd=ROOT, env=environment(stack), capture_output=True, text=True)
    return {} if said.returncode else dict(json.loads(said.stdout))


def answers(config: Path, stack: str) -> bool:
    """Whether the host lets us in. Raises `Refused` where no waiting would help."""
    command = ["ssh", "-F", str(config), ssh.alias(stack), "true"]
    try:
        said = subprocess.run(
            command, cwd=ROOT, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TRY_TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        return False
    words = said.stderr.strip()
    if "Host key verification failed" in words:
        raise Refused(
            "host/host_key: the host shows another SSH key than the pinned one, and nothing was sent to it: "
            "is it another machine? Where it was made anew on purpose, name its new key"
        )
    if "Permission denied" in words:
        raise Refused(
            "host/identity_file: the host does not let this key in: is it in the agent (`ssh-add -l`), and on the host?"
            f"\n  {words.splitlines()[-1]}"
        )
    if said.returncode:
        console.print(f"host: {words.splitlines()[-1] if words else 'SSH does not answer'}", soft_wrap=True)
    return said.returncode == 0


class Refused(Exception):
    """The host is there and shuts us out, or is another one."""


def tried(cli: str, stack: str, patience_s: int = 0) -> bool | None:
    """Whether the stack's host lets us in; None where there is no way to one. Raises `Refused`."""
    end = time.monotonic() + patience_s
    while not (there := _tried(cli, stack)) and there is not None and time.monotonic() < end:
        time.sleep(2)
    return there


def _tried(cli: str, stack: str) -> bool | None:
    for fresh in (False, True):
        config = written(cli, stack, fresh)
        if not config:
            return None
        try:
            if answers(config, stack):
                return True
        except Refused:
            # A server that was made anew from another laptop has perhaps another address.
            if fresh or not is_made_here(stack):
                raise
    return False


def is_made_here(stack: str) -> bool:
    """Whether the host is a server that this program makes."""
    return _host(stack).get("kind") == "hetzner"


def _host(stack: str) -> dict[str, Any]:
    try:
        return StackFile.read(stack, ROOT / f"Pulumi.{stack}.yaml").block("host")
    except Mistakes:
        return {}  # the engine or the program says so
