"""The logins to registries: the stack's own token, which the platform pulls with, and Docker's on this machine."""

from functools import cache

from pydantic import ValidationError

from settings import DOCKER_HUB, Registry, image_parts, registry_host
from settings.stack_file import PROJECT

from ..engine import state
from ..engine.pinned import find_or_install
from ..refused import Refused
from ..stack.services import stack_file
from .registry_http import Credentials

TOKEN = "registry_token"  # noqa: S105
KEY = f"{PROJECT}:{TOKEN}"


def for_image(stack: str, reference: str) -> Credentials | None:
    """Returns the login to read an image with: the stack's, else Docker's on this machine. Raises `Refused`."""
    server = registry_host(image_parts(reference)[0])
    registry = declared(stack)
    if registry is None or registry.server != server:
        return of_docker(server)
    try:
        token = _token(stack)
    except Refused:
        if login := of_docker(server):
            return login
        raise
    return Credentials(registry.username, token) if token else of_docker(server)


def declared(stack: str) -> Registry | None:
    """Returns the registry block of a stack file. Raises `Refused`."""
    block = stack_file(stack).block("registry")
    try:
        return Registry.model_validate(block) if block else None
    except ValidationError as error:
        names = ", ".join(sorted({f"registry/{each['loc'][0]}" for each in error.errors()}))
        raise Refused(f"{names}: not valid; `./sertantai validate --stack {stack}` says why") from None


def of_docker(server: str) -> Credentials | None:
    """Returns the login of `docker login` on this machine, from its settings or its credential helper."""
    from docker import auth
    from docker.errors import DockerException

    try:
        login = auth.load_config().resolve_authconfig(None if server == DOCKER_HUB else server)
    except DockerException:
        return None
    login = login or {}
    username, password = login.get("username") or login.get("Username"), login.get("password") or login.get("Password")
    return Credentials(str(username), str(password)) if username and password else None


@cache
def _token(stack: str) -> str:
    """Returns the stack's token, decrypted by the Pulumi CLI, or an empty text without one. Raises `Refused`."""
    file = stack_file(stack)
    if KEY not in file.encrypted:
        return str(file.project_values().get(TOKEN, ""))
    cli = find_or_install()
    if cli is None:
        raise Refused(f"{TOKEN}: it is encrypted, and there is no Pulumi CLI to read it")
    return state.call(cli, stack, "config", "get", KEY, failed=f"{TOKEN}: cannot be read").strip()
