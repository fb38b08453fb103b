"""How the Docker provider logs in to the images' registry."""

import pulumi_docker as docker

from settings import Registry

from ..secret import config_secret


def registry_login(registry: Registry | None) -> list[docker.ProviderRegistryAuthArgs] | None:
    """The login, with the config secret `registry_token`; None where there is none."""
    token = config_secret("registry_token")
    if not registry or token is None:
        return None
    # As Docker does: plain HTTP only to a registry on the machine itself.
    is_local = registry.server.split(":")[0] in ("localhost", "127.0.0.1")
    address = f"http://{registry.server}" if is_local else registry.server
    return [docker.ProviderRegistryAuthArgs(address=address, username=registry.username, password=token)]
