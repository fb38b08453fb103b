"""OpenSSH's configuration for one host: its key pinned, one connection for everything."""


def config(alias: str, address: str, user: str, folder: str) -> str:
    """An `ssh -F` file for `alias`; `folder` is where it lies, with known_hosts beside it.

    The connection's socket is not there: its path may have 107 characters, and a project's folder can be a deep one.
    """
    beside = folder.replace("%", "%%")
    return f"""Host {alias}
  HostName {address}
  User {user}
  HostKeyAlias {alias}
  StrictHostKeyChecking yes
  UserKnownHostsFile "{beside}/known_hosts"
  BatchMode yes
  ConnectTimeout 15
  ServerAliveInterval 15
  ControlMaster auto
  ControlPath ~/.ssh/sertantai-%C
  ControlPersist 60
"""


def known_hosts(alias: str, host_key: str) -> str:
    """The one key that `alias` may show."""
    return f"{alias} {host_key.strip()}\n"
