"""OpenSSH's configuration for one host: a pinned host key, and one connection for all steps."""

import hashlib
import shlex
from collections.abc import Sequence


def alias(stack: str) -> str:
    """Returns the host alias of a stack, for OpenSSH and Docker."""
    return f"sertantai-{stack}"


def files(
    stack: str,
    folder: str,
    *,
    address: str,
    host_keys: Sequence[str],
    user: str = "root",
    port: int = 22,
    identity_file: str | None = None,
    sockets: str = "~/.ssh",
) -> dict[str, str]:
    """Returns the texts of the files in `folder`: `config` for `ssh -F`, and `known_hosts` with the accepted host keys.

    The connection's socket is in `sockets` instead: a socket's path has at most 107 characters. Its name depends on the
    keys, so that a connection with another key is not reused.
    """
    identity = f'  IdentityFile "{identity_file}"\n  IdentitiesOnly yes\n' if identity_file else ""
    escaped_folder = folder.replace("%", "%%")
    keys_hash = hashlib.sha256(repr((sorted(host_keys), identity_file)).encode()).hexdigest()[:8]
    config = f"""Host {alias(stack)}
  HostName {address}
  Port {port}
  User {user}
{identity}  HostKeyAlias {alias(stack)}
  StrictHostKeyChecking yes
  UserKnownHostsFile "{escaped_folder}/known_hosts"
  BatchMode yes
  ConnectTimeout 15
  ServerAliveInterval 15
  ControlMaster auto
  ControlPath {sockets}/sertantai-{keys_hash}-%C
  ControlPersist 60
"""
    return {"config": config, "known_hosts": "".join(f"{alias(stack)} {key.strip()}\n" for key in host_keys)}


def local_command(script: str, *words: str) -> str:
    """Returns the command that runs components/machine/bootstrap/<script>.sh on the operator's machine."""
    return shlex.join(["bash", script_path(script), *words])


def remote_command(config: str, alias: str, script: str, *words: str) -> str:
    """Returns the command that runs components/machine/bootstrap/<script>.sh on the host, without any program there."""
    return f"{shlex.join(['ssh', '-F', config, alias, 'bash', '-s', '--', *words])} < {script_path(script)}"


def script_path(script: str) -> str:
    """Returns a script's path, relative to the project's folder, where steps run."""
    return f"components/machine/bootstrap/{script}.sh"
