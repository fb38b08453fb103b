"""Builds the stand-ins for production's images, and the doubles' images, if their files have changed."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import docker
from docker.errors import ImageNotFound

from ..machine import alone, ensure_docker, say
from .base import ensure_base
from .context import build as build_folder
from .context import context, explain_full_disk, fingerprint
from .remote import Registry

NAMES = ("app", "frontend", "electric", "postgres", "redis", "nginx", "certbot")
VERSION = "1"
SOURCE = "sertantai.source"


def ensure(registry: str, username: str, password: str) -> None:
    """Builds version 1 of every stand-in whose files have changed, and pushes each one that the registry lacks."""
    with alone("images"), explain_full_disk(), ThreadPoolExecutor(max_workers=len(NAMES)) as pool:
        client = ensure_docker()
        target = Registry(client, registry, username, password)
        base = ensure_base(client)

        def lacks(name: str) -> bool:
            _build(client, base, name, f"{target.repository(name)}:{VERSION}", {"VERSION": VERSION})
            return target.lacks(target.repository(name), VERSION)

        def push(name: str) -> None:
            target.push(target.repository(name), VERSION)
            say(f"images: {name} pushed to {registry}")

        missing = [name for name, lacking in zip(NAMES, pool.map(lacks, NAMES), strict=True) if lacking]
        # The first push uploads the base. If all began at once, each would upload it.
        for names in (missing[:1], missing[1:]):
            list(pool.map(push, names))


def build(name: str, version: str, registry: str, username: str, password: str, **build_args: str) -> str:
    """Builds another version of one stand-in and pushes it. Returns its name with the digest.

    `build_args` are ARGs of its Dockerfile. With FAIL, START_DELAY_S or MIGRATION, an app fails, starts slowly or has
    one more migration. frontend and electric have FAIL. VERSION is `version` by default. RELEASE names the app's
    program, and an app with LACKS=wget has curl alone. PREFIX, REQUIRES and FORCE_SSL: see app/manners.py. `booting`,
    with an app as its BASE, is an app that migrates whenever it starts.
    """
    with alone("images"), explain_full_disk():
        client = ensure_docker()
        target = Registry(client, registry, username, password)
        repository = target.repository(name)
        _build(client, ensure_base(client), name, f"{repository}:{version}", {"VERSION": version, **build_args})
        return f"{repository}@{target.push(repository, version)}"


def local(name: str) -> str:
    """Builds the image of a double, which stays on this machine. Returns its tag."""
    with alone("images"), explain_full_disk():
        client = ensure_docker()
        _build(client, ensure_base(client), name, f"sertantai/{name}:local", {})
        return f"sertantai/{name}:local"


def _build(client: docker.DockerClient, base: str, name: str, tag: str, arguments: Mapping[str, str]) -> None:
    arguments = {"BASE": base, **arguments}
    source = fingerprint(context(name), json.dumps(arguments, sort_keys=True))
    try:
        if client.images.get(tag).labels.get(SOURCE) == source:
            return
    except ImageNotFound:
        pass
    build_folder(client, name, tag, arguments, {SOURCE: source})
    say(f"images: {name} built")
