"""Secrets: generated ones, which a config secret of the same name may override."""

import pulumi
import pulumi_random as random
from pulumi import Output, ResourceOptions

from settings import PROJECT


def config_secret(key: str) -> Output[str] | None:
    """The config secret `sertantai:<key>`, or None."""
    return pulumi.Config(PROJECT).get_secret(key)


def hetzner_token() -> Output[str] | None:
    """The config secret `hcloud:token`, or None where it is in the environment, which a step has too."""
    return pulumi.Config("hcloud").get_secret("token")


def secret(
    name: str, key: str | None, *, parent: pulumi.Resource, protect: bool = False, length: int = 48
) -> Output[str]:
    """The config secret `sertantai:<key>`, else a generated one; always a generated one where there is no key.

    One is generated in either case, so that setting a config secret and removing it changes nothing else.
    """
    generated = random.RandomPassword(
        name, length=length, special=False, opts=ResourceOptions(parent=parent, protect=protect)
    )
    override = config_secret(key) if key else None
    return generated.result if override is None else override
