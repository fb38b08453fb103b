"""The Docker provider's login to the images' registry."""

import pulumi_docker as docker

from settings import Registry, is_on_this_machine

from ..secret import config_secret


def registry_login(registry: Registry | None) -> list[docker.ProviderRegistryAuthArgs] | None:
    """Returns the login with the config secret `registry_token`, or None without one."""
    token = config_secret("registry_token")
    if not registry or token is None:
        return None
    address = f"http://{registry.server}" if is_on_this_machine(registry.server) else registry.server
    return [docker.ProviderRegistryAuthArgs(address=address, username=registry.username, password=token)]
