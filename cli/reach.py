"""The way to a stack's host, made and tried before the engine runs, whose words for a silent host help nobody."""

import json
import subprocess
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from components.ssh_files import folder, write
from render import ssh
from settings import SshHost

from .engine import ROOT, console, environment

# All that makes the server, from its keys to the first answer over SSH.
SERVER = "**sertantai:host:Server**"
TRY_TIMEOUT_S = 60


def written(cli: str, stack: str) -> Path | None:
    """OpenSSH's configuration for the stack's host; None where there is no such host, or none yet.

    The engine looks at what exists before the program runs, so the program's own writing would come too late where the
    setting has changed, or on another laptop.
    """
    host = _host(stack)
    if host.get("kind") == "ssh":
        try:
            settings = SshHost.model_validate(host)
        except ValidationError:
            return None  # the program says what is wrong, with everything else
        known = settings.model_dump(include={"address", "host_key", "user", "port", "identity_file"})
        return write(ROOT, stack, ssh.files(stack, str(folder(stack)), **known))
    if host.get("kind") != "hetzner":
        return None
    if not (ROOT / folder(stack) / "config").exists():
        asked = [cli, "stack", "output", "ssh", "--json", "--stack", stack]
        said = subprocess.run(asked, cwd=ROOT, env=environment(stack), capture_output=True, text=True)
        if said.returncode:
            return None
        write(ROOT, stack, json.loads(said.stdout))
    return folder(stack) / "config"


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


def is_made_here(stack: str) -> bool:
    """Whether the host is a server that this program makes."""
    return _host(stack).get("kind") == "hetzner"


def _host(stack: str) -> dict[str, Any]:
    try:
        document = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())
        host = document["config"]["sertantai:host"]
    except (OSError, yaml.YAMLError, KeyError, TypeError):
        return {}
    return host if isinstance(host, dict) else {}
