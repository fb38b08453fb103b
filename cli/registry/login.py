"""`login`: checks a registry's token, then keeps it where it is used: in the stack's configuration, or in Docker's."""

import subprocess
import sys

import typer

from settings import registry_host

from ..engine import state
from ..engine.engine import console
from ..engine.pinned import find_or_install
from ..refused import Refused
from ..stack.images import BUILT, named
from . import registry_login, tokens
from .registry_http import Credentials


def login(stack: str, username: str, action: tokens.Action) -> None:
    """Asks for a token, checks what it may do, and keeps it. Raises `Refused` by what it lacks."""
    registry = registry_login.declared(stack)
    if registry is None:
        raise Refused(f"registry: Pulumi.{stack}.yaml names none: add the block with server and username first")
    credentials = Credentials(username or registry.username, _ask(registry.server, action))
    token = tokens.check(stack, registry.server, credentials, action, _repositories(stack, registry.server, action))
    if action == "read":
        _keep_in_stack(stack, credentials.password)
        kept = f"the config secret {registry_login.KEY} of the stack {stack}; the next `up` uses it"
    else:
        _keep_in_docker(registry.server, credentials)
        kept = "Docker's settings on this machine"
    console.print(
        f"{registry.server}: the token of {credentials.username} may {action}. It is in {kept}", soft_wrap=True
    )
    for note in tokens.notes(token, action):
        console.print(note, soft_wrap=True, markup=False)


def _ask(server: str, action: tokens.Action) -> str:
    """Returns the token from the terminal, where it is not shown, or from standard input."""
    if sys.stdin.isatty():
        token: str = typer.prompt(f"Token for {server} ({tokens.SCOPES[action]})", hide_input=True, err=True)
    else:
        token = sys.stdin.read()
    token = token.strip()
    if not token or not token.isprintable() or " " in token:
        raise Refused("login: there is no token: type it, or give it on standard input")
    return token


def _repositories(stack: str, server: str, action: tokens.Action) -> list[str]:
    """Returns the repositories in the stack file that the token is for. A push needs none of the platform's images."""
    images = [image for image in named(stack) if action == "read" or image.part in BUILT]
    names = dict.fromkeys(image.repository for image in images)
    return [name for name in names if registry_host(name) == server]


def _keep_in_stack(stack: str, token: str) -> None:
    cli = find_or_install()
    if cli is None:
        raise Refused(f"{registry_login.TOKEN}: the Pulumi CLI is needed to encrypt it, and cannot be installed here")
    failed = f"{registry_login.TOKEN}: could not be set"
    state.call(cli, stack, "config", "set", "--secret", registry_login.KEY, failed=failed, stdin=token)


def _keep_in_docker(server: str, credentials: Credentials) -> None:
    command = ["docker", "login", "--username", credentials.username, "--password-stdin", server]
    try:
        result = subprocess.run(command, input=credentials.password, capture_output=True, text=True)
    except FileNotFoundError:
        raise Refused("docker: is not installed here: install Docker and its command-line client") from None
    if result.returncode:
        raise Refused(f"{server}: docker login failed: {result.stderr.strip().splitlines()[-1]}")
