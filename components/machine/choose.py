"""Chooses the host by its kind: the one place that knows the kinds."""

from dataclasses import replace

from settings import HetznerHost, Settings, SshHost

from ..host import Host
from .digests import resolve_digests
from .fingerprints import read_fingerprints
from .local import local_host
from .ssh import ssh_host


def choose_host(config: Settings) -> Host:
    """Declares the stack's host, and reads image digests and fingerprints before anything else is declared."""
    host = _host(config)
    return replace(host, digests=resolve_digests(config, host), fingerprints=read_fingerprints(config, host))


def _host(config: Settings) -> Host:
    if isinstance(config.host, HetznerHost):
        # Imported here: the packages for Hetzner and for keys are slow to import.
        from .hetzner import hetzner_host

        return hetzner_host(config.host, config.dns, config.registry)
    if isinstance(config.host, SshHost):
        return ssh_host(config.host, config.registry)
    return local_host(config.registry)
