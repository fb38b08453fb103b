"""This machine's Docker as the host."""

import pulumi_docker as docker

from settings import Registry

from ..host import Host
from . import host_program
from .login import registry_login


def local_host(registry: Registry | None) -> Host:
    """Returns the host of a local stack: the operator's own machine."""
    provider = docker.Provider("docker", registry_auth=registry_login(registry))
    return Host(provider=provider, program=host_program.LOCAL_COMMAND, address="127.0.0.1")
