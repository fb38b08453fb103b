"""The Docker provider's login to the images' registry."""

import pulumi_docker as docker

from settings import Registry

from ..secret import config_secret


def registry_login(registry: Registry | None) -> list[docker.ProviderRegistryAuthArgs] | None:
    """Returns the login with the config secret `registry_token`, or None without one."""
    token = config_secret("registry_token")
    if not registry or token is None:
        return None
    # Like Docker: plain HTTP only to a registry on this machine.
    is_local = registry.server.split(":")[0] in ("localhost", "127.0.0.1")
    address = f"http://{registry.server}" if is_local else registry.server
    return [docker.ProviderRegistryAuthArgs(address=address, username=registry.username, password=token)]
