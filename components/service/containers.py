"""The new containers of a release, next to the old ones."""

import shlex
from collections.abc import Mapping, Sequence

import pulumi
from pulumi import Input, Output, ResourceOptions

from render import environment, nginx
from settings import Part as PartSettings

from ..container import Container
from .electric import electric_container, electric_gate
from .part import Gate, Part, PartArgs
from .release import Release
from .volumes import mounts


def start_containers(release: Release, *, after: Sequence[pulumi.Resource]) -> dict[str, Part]:
    """Declares all parts that run, each with its gate. Electric starts after the gates of the others."""
    settings, running = release.settings, release.settings.running()
    parts: dict[str, Part] = {}
    if "app" in running:
        app = _container(
            release,
            "app",
            settings.app,
            variables=release.environment,
            hosts=_stable_names(release),
            volumes=mounts(release),
        )
        parts["app"] = _part(release, app, _gate(settings.app, release.secrets), after=after)
    if settings.frontend and "frontend" in running:
        block = settings.frontend
        frontend = _container(
            release, "frontend", block, variables=environment.frontend(port=block.port, env=block.env)
        )
        parts["frontend"] = _part(release, frontend, _gate(block), after=after)
    if settings.electric and release.accounts.electric and "electric" in running:
        gates = [part.gate for part in parts.values()]
        parts["electric"] = _part(
            release,
            electric_container(release, settings.electric, release.accounts.electric),
            electric_gate(settings.electric, release.accounts.electric),
            after=[*after, *gates],
        )
    return parts


def _part(release: Release, container: Container, gate: Gate, *, after: Sequence[pulumi.Resource]) -> Part:
    args = PartArgs(container=container, gate=gate, platform=release.platform, after=after)
    return Part(f"{release.service}-{container.part}", args, ResourceOptions(parent=release.parent))


def _container(
    release: Release,
    part: str,
    block: PartSettings,
    *,
    variables: Input[Mapping[str, str]],
    hosts: Mapping[str, str] | None = None,
    volumes: Mapping[str, Input[str]] | None = None,
) -> Container:
    return Container(
        service=release.service,
        part=part,
        image=release.images[part],
        memory_mb=block.memory_mb,
        check=environment.health_check(block.health, block.port),
        # Not `command`: the image's own entrypoint would run too.
        entrypoint=block.command,
        environment=variables,
        hosts=hosts or {},
        volumes={path: (volume, False) for path, volume in (volumes or {}).items()},
        read_only=block.read_only,
        grace_s=block.drain_s,
        generation=block.restart_generation,
        marks={"command": shlex.join(block.command)} if block.command else {},
    )


def _gate(block: PartSettings, secrets: Output[list[str]] | None = None) -> Gate:
    health = block.health
    return Gate(port=block.port, successes=health.successes, timeout_s=health.start_timeout_s, secrets=secrets)


def _stable_names(release: Release) -> dict[str, str]:
    """Returns the host names that the app may call, each with the gateway's address.

    The gateway forwards to the container that has passed its gate.
    """
    services = release.platform.settings.services
    names = [name for called in release.settings.app.calls for name in (called, *services[called].names)]
    if release.settings.electric:
        names.append(nginx.electric_name(release.service))
    return dict.fromkeys(names, release.platform.nginx.address)
