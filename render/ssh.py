"""OpenSSH's configuration for one host: its key pinned, one connection for everything."""

import hashlib
import shlex
from collections.abc import Sequence

from .template import fill


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


def reached(config: str, alias: str, what: str, advice: str, timeout_s: int) -> str:
    """Waits on the operator's machine until the host lets us in; `what` names it in the error, `advice` is what
    to do where it is silent.

    A key that is not the pinned one, or a user that is not let in, is no matter of time and ends it at once.
    """
    return fill("ssh_reached.sh.j2", config=config, alias=alias, what=what, advice=advice, timeout_s=timeout_s)


def booted(timeout_s: int) -> str:
    """Waits on the host until its first boot is over; says what went wrong in it, which the next steps may mend."""
    return fill("host_booted.sh.j2", timeout_s=timeout_s)


def ready() -> str:
    """Waits on the host until Docker answers."""
    return fill("host_ready.sh.j2")


def or_nothing(config: str, alias: str) -> str:
    """Runs its first argument on the host; where that cannot be reached it says nothing and is content."""
    return f'ssh -F {shlex.quote(config)} {shlex.quote(alias)} "$0" 2>/dev/null || [ $? -eq 255 ]'


def authorized(config: str, alias: str, keys: Sequence[str]) -> str:
    """On the operator's machine: these keys and no others open the host, or the old ones where these shut us out."""
    return fill("authorized_keys.sh.j2", config=config, alias=alias, keys=keys)
