"""Prepares this machine for a local stack: Docker, a registry with the images, a certificate authority."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from settings import Acme, Nginx, Registry, StackFile

from . import doubles, images
from .machine import ensure_docker

Block = TypeVar("Block", bound=BaseModel)


def set_up(stack: StackFile) -> None:
    """Starts Docker and the doubles, and builds the images. Safe to run again: only what is missing is added."""
    ensure_docker()
    acme, nginx, registry = _block(stack, Acme), _block(stack, Nginx), _block(stack, Registry)
    if acme and nginx and acme.ca_bundle and doubles.port(acme.directory_url):
        doubles.acme(acme.directory_url, nginx.http_port, Path(acme.ca_bundle).parent)
    if registry and doubles.port(registry.server):
        login = registry.server, registry.username, str(stack.setting("registry_token"))
        doubles.registry(*login)
        images.ensure(*login)


def remove(stack: StackFile) -> None:
    """Removes the doubles of this stack, with their data."""
    acme, registry = _block(stack, Acme), _block(stack, Registry)
    addresses = [*([acme.directory_url] if acme else []), *([registry.server] if registry else [])]
    if ports := [port for address in addresses if (port := doubles.port(address))]:
        doubles.purge(*ports)


def _block(stack: StackFile, model: type[Block]) -> Block | None:
    """Returns a block of the stack file. None: it has mistakes, which the program reports with all others."""
    try:
        return model.model_validate(stack.setting(model.__name__.lower()))
    except ValidationError:
        return None
