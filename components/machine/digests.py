"""The digest of every image: what the registries answer, or what they answered to the confirmed preview."""

import asyncio
import re
from collections.abc import Awaitable, Mapping
from typing import Any

import pulumi
import pulumi_docker as docker
from pulumi import InvokeOptions, Output
from pulumi.output import UNKNOWN

from settings import DOCKER_HUB, Settings, image_parts, registry_host

from ..host import Host
from . import confirmed


def resolve_digests(config: Settings, host: Host) -> dict[str, Output[str]]:
    """Repository and digest of each image, by its reference.

    Each tag is asked for once, and where one is refused no image is pulled. A reference that names a digest needs no
    registry, so that rolling back works without one. Nor does an `up` that was previewed: a tag that has moved since is
    not released unseen.
    """
    digests: dict[str, Output[str]] = {}
    paths: dict[str, list[str]] = {}
    for path, reference in config.images().items():
        if image_parts(reference)[2]:
            digests[reference] = Output.from_input(reference)
        else:
            paths.setdefault(reference, []).append(path)
    previewed = _previewed(paths)
    requests = {reference: _request(reference, host) for reference in paths if not previewed.get(reference)}
    server = config.registry.server if config.registry else ""
    answers: Output[dict[str, Any]] = Output.from_input(_answers(previewed, requests, paths, server=server))
    for reference in paths:
        digests[reference] = Output.concat(image_parts(reference)[0], "@", answers[reference])
    return digests


def _previewed(paths: Mapping[str, list[str]]) -> confirmed.Digests:
    """The digests that the preview of this `up` has shown."""
    if pulumi.runtime.is_dry_run():
        confirmed.forget()
        return {}
    digests = confirmed.read()
    if digests is None:
        return {}
    if new := [reference for reference in paths if reference not in digests]:
        advice = "was not in the preview: the stack file has changed since; run this again"
        raise pulumi.RunError("\n".join(f"{', '.join(paths[reference])}: {reference} {advice}" for reference in new))
    return digests


def _request(reference: str, host: Host) -> Awaitable[str | None]:
    options = InvokeOptions(provider=host.provider)
    answer = docker.get_registry_image_output(name=reference, opts=options).sha256_digest
    return asyncio.ensure_future(answer.future())


async def _answers(
    previewed: confirmed.Digests,
    requests: Mapping[str, Awaitable[str | None]],
    paths: Mapping[str, list[str]],
    *,
    server: str,
) -> dict[str, Any]:
    """All digests by their references, or all refusals."""
    answers = dict(zip(requests, await asyncio.gather(*requests.values(), return_exceptions=True), strict=True))
    digests = {reference: answer for reference, answer in answers.items() if not isinstance(answer, BaseException)}
    if refusals := [reference for reference in requests if reference not in digests]:
        lines = [
            f"{', '.join(paths[reference])}: {refused(reference, str(answers[reference]), server)}"
            for reference in refusals
        ]
        raise pulumi.RunError("\n".join(lines))
    if pulumi.runtime.is_dry_run():
        confirmed.write(digests)
    # While there is no host yet, no registry is asked.
    return {reference: digest or UNKNOWN for reference, digest in {**previewed, **digests}.items()}


def refused(reference: str, words: str, server: str) -> str:
    """What is wrong with an image that its registry names no digest for, and what to do; `server` is logged in to."""
    reason = words.strip().splitlines()[-1].strip("\t *")
    registry = registry_host(reference)
    if re.search("429 Too Many|toomanyrequests|rate limit", words, re.IGNORECASE):
        advice = f"{registry} answers no more requests for now: wait, or name the image by digest"
    elif re.search("401 Unauth|403 Forb|unauthorized:|denied:|access denied|bad credentials", words):
        advice = _denied(registry, server)
    elif re.search("manifest unknown|not found", words, re.IGNORECASE):
        hub = "Docker Hub has no such tag: choose one at hub.docker.com"
        advice = hub if registry == DOCKER_HUB else "no such image or tag: push it, or name another"
    else:
        advice = f"{registry} does not answer: wait, or name all images by digest (the output `images` has them)"
    return f"{reference}: {advice} ({reason})"


def _denied(registry: str, server: str) -> str:
    if registry == server:
        return "registry_token has expired or may not read this package: set one with read:packages"
    if registry == DOCKER_HUB:
        return "Docker Hub has no such image, or it is private: look its name up at hub.docker.com"
    return (
        f"{registry} wants a login and registry_token is for {server or 'none'}: name an image that everybody may read"
    )
