"""OpenSSH's configuration for one host: its key pinned, one connection for everything."""

import hashlib
import shlex
from collections.abc import Sequence


def alias(stack: str) -> str:
    """The name under which a stack's host is known to the operator's OpenSSH, and to Docker."""
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
    """The texts by their names in `folder`: `config` for `ssh -F`, and `known_hosts` with the keys that it may show.

    The connection's socket is in `sockets`, not there: its path may have 107 characters, and a project's folder can be
    a deep one. It is named by all that the connection was made with, or a changed key would go on over the old one.
    """
    identity = f'  IdentityFile "{identity_file}"\n  IdentitiesOnly yes\n' if identity_file else ""
    beside = folder.replace("%", "%%")
    made_with = hashlib.sha256(repr((sorted(host_keys), identity_file)).encode()).hexdigest()[:8]
    config = f"""Host {alias(stack)}
  HostName {address}
  Port {port}
  User {user}
{identity}  HostKeyAlias {alias(stack)}
  StrictHostKeyChecking yes
  UserKnownHostsFile "{beside}/known_hosts"
  BatchMode yes
  ConnectTimeout 15
  ServerAliveInterval 15
  ControlMaster auto
  ControlPath {sockets}/sertantai-{made_with}-%C
  ControlPersist 60
"""
    return {"config": config, "known_hosts": "".join(f"{alias(stack)} {key.strip()}\n" for key in host_keys)}


def here(script: str, *words: str) -> str:
    """Runs components/machine/bootstrap/<script>.sh on the operator's machine."""
    return shlex.join(["bash", file(script), *words])


def there(config: str, alias: str, script: str, *words: str) -> str:
    """Runs components/machine/bootstrap/<script>.sh on the host, where there is no program of ours yet."""
    return f"{shlex.join(['ssh', '-F', config, alias, 'bash', '-s', '--', *words])} < {file(script)}"


def file(script: str) -> str:
    """Its path in the project's folder, where the steps run."""
    return f"components/machine/bootstrap/{script}.sh"
