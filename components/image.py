"""An image on the host, always by its digest."""

import asyncio
import re
from dataclasses import dataclass

import pulumi
import pulumi_docker as docker
from pulumi import InvokeOptions, Output, ResourceOptions

from settings import image_parts

from .host import Host


@dataclass(frozen=True, kw_only=True)
class Image:
    """`reference` is repository@digest; `resource` is there once the host has it."""

    reference: Output[str]
    resource: docker.RemoteImage


def image(name: str, reference: str, host: Host, parent: pulumi.Resource) -> Image:
    """Pulls `reference`. One that names a digest never asks the registry which it is: going back works without it.

    A pull is keyed by the digest: by a tag the provider would keep whatever it has under that name.
    """
    repository, tag, digest = image_parts(reference)
    if digest:
        pinned = Output.from_input(f"{repository}@{digest}")
    else:
        if reference not in host.digests:
            host.digests[reference] = _resolved(repository, tag, host)
        pinned = host.digests[reference]
    resource = docker.RemoteImage(
        name,
        name=pinned,
        keep_locally=True,
        opts=ResourceOptions(
            parent=parent, provider=host.provider, depends_on=list(host.ready), delete_before_replace=False
        ),
    )
    return Image(reference=pinned, resource=resource)


def _resolved(repository: str, tag: str, host: Host) -> Output[str]:
    reference = f"{repository}:{tag}"
    found = docker.get_registry_image_output(name=reference, opts=InvokeOptions(provider=host.provider)).sha256_digest
    lookup = host.lookups[reference] = asyncio.ensure_future(found.future())

    async def pinned() -> str:
        try:
            return f"{repository}@{await lookup}"
        except Exception:  # the SDK has no class of its own for what a provider says
            every = await asyncio.gather(*host.lookups.values(), return_exceptions=True)
        failed = {name: each for name, each in zip(host.lookups, every, strict=True) if isinstance(each, Exception)}
        raise pulumi.RunError("\n".join(refused(name, str(error)) for name, error in failed.items()))

    async def is_known() -> bool:
        await asyncio.wait([lookup])
        # While there is no host yet, nobody is asked and nothing is answered.
        return lookup.exception() is not None or (lookup.result() is not None and await found.is_known())

    return Output(set(), pinned(), is_known())


def refused(reference: str, words: str) -> str:
    """What is wrong with an image that the registry does not name a digest for, and what to do."""
    reason = words.strip().splitlines()[-1].strip("\t *")
    if re.search(r"40[13]|unauthorized|denied|credentials|password", words):
        advice = "registry_token has expired or may not read this package: set one with read:packages"
    elif re.search(r"404|manifest unknown|not found", words, re.IGNORECASE):
        advice = "no such image or tag: push it, or name another"
    else:
        advice = "the registry does not answer: wait, or name all images by digest (the output `images` has them)"
    return f"{reference}: {advice} ({reason})"
