"""The one place that knows the kinds of host."""

from dataclasses import replace

from settings import HetznerHost, Settings, SshHost

from ..host import Host
from .digests import resolve_digests
from .fingerprints import read_fingerprints
from .local import local_host
from .ssh import ssh_host


def choose_host(config: Settings) -> Host:
    """The host of a stack file, and what is read there and at the registries before anything else is declared."""
    host = _host(config)
    return replace(host, digests=resolve_digests(config, host), fingerprints=read_fingerprints(config.network, host))


def _host(config: Settings) -> Host:
    if isinstance(config.host, HetznerHost):
        # Only here: the packages for Hetzner's API and for keys take long to import.
        from .hetzner import hetzner_host

        return hetzner_host(config.host, config.dns, config.registry)
    if isinstance(config.host, SshHost):
        return ssh_host(config.host, config.registry)
    return local_host(config.registry)
