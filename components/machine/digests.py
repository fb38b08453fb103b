"""The digests of all images, from the registries or from the confirmed preview."""

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
    """Returns repository@digest of each image, by its reference. If a registry refuses one, no image is pulled.

    Each tag is requested once. A reference with a digest needs no registry, so a rollback works without one. After a
    confirmed preview, `up` uses its digests: a tag that has moved since is not released unseen.
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
    """Returns the digests that the preview of this `up` has shown, and those that are not released with one service."""
    running = confirmed.running()
    if pulumi.runtime.is_dry_run():
        confirmed.forget()
        return running
    digests = confirmed.read()
    if digests is None:
        return running
    digests = {**digests, **running}
    if missing := [reference for reference in paths if reference not in digests]:
        reason = "was not in the preview: the stack file has changed since; run this again"
        lines = [f"{', '.join(paths[reference])}: {reference} {reason}" for reference in missing]
        raise pulumi.RunError("\n".join(lines))
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
    """Returns all digests by reference. Raises one error with all refusals."""
    answers = dict(zip(requests, await asyncio.gather(*requests.values(), return_exceptions=True), strict=True))
    digests = {reference: answer for reference, answer in answers.items() if not isinstance(answer, BaseException)}
    if refusals := [reference for reference in requests if reference not in digests]:
        lines = [
            f"{', '.join(paths[reference])}: {explain_refusal(reference, str(answers[reference]), server)}"
            for reference in refusals
        ]
        raise pulumi.RunError("\n".join(lines))
    if pulumi.runtime.is_dry_run():
        confirmed.write(digests)
    # Without a host, no registry is asked.
    return {reference: digest or UNKNOWN for reference, digest in {**previewed, **digests}.items()}


def explain_refusal(reference: str, message: str, server: str) -> str:
    """Returns why a registry gave no digest, and what to do. `server` is the registry that the provider logs in to."""
    reason = message.strip().splitlines()[-1].strip("\t *")
    registry = registry_host(reference)
    if re.search("429 Too Many|toomanyrequests|rate limit", message, re.IGNORECASE):
        advice = f"{registry} answers no more requests for now: wait, or name the image by digest"
    elif re.search("401 Unauth|403 Forb|unauthorized:|denied:|access denied|bad credentials", message):
        advice = _denied(registry, server)
    elif re.search("manifest unknown|not found", message, re.IGNORECASE):
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
        f"{registry} requires a login and registry_token is for {server or 'none'}: name an image that anyone may read"
    )
