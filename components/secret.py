"""Secrets, generated or from the configuration."""

import pulumi
import pulumi_random as random
from pulumi import Output, ResourceOptions

from settings import PROJECT


def config_secret(key: str) -> Output[str] | None:
    """Returns the config secret `sertantai:<key>`, or None."""
    return pulumi.Config(PROJECT).get_secret(key)


def hetzner_token() -> Output[str] | None:
    """Returns the config secret `hcloud:token`. None: it is in the environment, which steps have too."""
    return pulumi.Config("hcloud").get_secret("token")


def secret(
    name: str, key: str | None, *, parent: pulumi.Resource, protect: bool = False, length: int = 48
) -> Output[str]:
    """Returns the config secret `sertantai:<key>`, else a generated secret. Without a key it is always generated.

    The generated one always exists, so that to set a config secret and remove it again changes nothing else.
    """
    generated = generate(name, parent=parent, protect=protect, length=length)
    override = config_secret(key) if key else None
    return generated.result if override is None else override


def generate(name: str, *, parent: pulumi.Resource, protect: bool = False, length: int = 48) -> random.RandomPassword:
    """Generates a secret."""
    return random.RandomPassword(
        name, length=length, special=False, opts=ResourceOptions(parent=parent, protect=protect)
    )
