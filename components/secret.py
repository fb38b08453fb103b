"""Secrets: generated ones, which a config secret of the same name may override."""

import pulumi
import pulumi_random as random
from pulumi import Output, ResourceOptions

from settings import PROJECT


def given(key: str) -> Output[str] | None:
    """The config secret `sertantai:<key>`, or None."""
    return pulumi.Config(PROJECT).get_secret(key)


def hetzner_token() -> Output[str] | None:
    """The config secret `hcloud:token`, or None where it is in the environment, which a step has too."""
    return pulumi.Config("hcloud").get_secret("token")


def secret(
    name: str, key: str | None, *, parent: pulumi.Resource, protect: bool = False, length: int = 48
) -> Output[str]:
    """The config secret `sertantai:<key>`, else a generated one; always that one where there is no key.

    It is generated in either case, so that going from one to the other and back changes nothing else.
    """
    made = random.RandomPassword(
        name, length=length, special=False, opts=ResourceOptions(parent=parent, protect=protect)
    )
    override = given(key) if key else None
    return made.result if override is None else override
